"""A char-RNN's first weights: from nothing, or grown from a trained one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers.utils import logging as transformers_logging

from generators.charrnn.configuration import CharRNNConfig
from generators.charrnn.modeling import CharRNNForCausalLM
from generators.charrnn.tokenizer import FIRST_CHARACTER, PAD_ID, START_ID
from generators.training.encoding import Prepared
from generators.training.filters import QUOTES
from generators.training.recipes import CharRNNRecipe
from generators.training.windows import Encoded

SLICE: Final = 1 << 20  # ids looked at together: as indices they take four times their memory
NEVER: Final = -20.0  # bias of what is never written: a probability of about 1e-9
HEAD: Final = 2000  # tokens of the adaptive softmax's head: of running English they are nine words in ten
CLUSTERS: Final = (10_000, 50_000)  # ends of its first clusters, five times as long each (Grave et al. 2017, fig. 4)


def fresh(recipe: CharRNNRecipe, data: Prepared) -> CharRNNForCausalLM:
    """An untrained model; the recipe's seed decides it.

    The output rows of tokens that the text never has begin equal and learn the same thing, to be unlikely: equal rows
    are computed once when the model writes (see `Folded`), and 256 bytes are most of a small vocabulary.
    """
    torch.manual_seed(recipe.seed)
    size = data.tokenizer.get_vocab_size()
    windowed = recipe.windowed
    model = CharRNNForCausalLM(
        CharRNNConfig(
            vocab_size=size,
            embedding_size=recipe.embedding_size,
            hidden_sizes=recipe.hidden_sizes or [recipe.hidden_size] * recipe.layers,
            cell=recipe.cell,
            attention="window" if windowed and recipe.attention == "running" else recipe.attention,
            attention_decay=recipe.attention_decay,
            window=recipe.window if windowed else None,
            bidirectional=recipe.bidirectional,
            adaptive_cutoffs=_cutoffs(size, recipe),
            labels=data.labels,
            token="word" if recipe.word_level else "character",
            dropout=recipe.dropout,
            bos_token_id=START_ID,
            eos_token_id=START_ID,
            pad_token_id=PAD_ID,
        )
    )
    with torch.no_grad():
        model.embedding.weight[list(data.labels.values())] = 0.0  # a text without labels and one with begin alike
        if not model.config.adaptive_cutoffs:
            unseen = ~_learnt(model, data.learnt)
            _head(model).weight[unseen] = 0.0
            _head(model).bias[unseen] = 0.0
    return model


def grown(base: Path, recipe: CharRNNRecipe, data: Prepared) -> CharRNNForCausalLM:
    """A trained model with rows for the tokens that the tokenizer has beyond the model's own.

    New rows begin as the mean of the other characters' rows: the layers know that region, and the new character is as
    likely as any. The rows of its UTF-8 bytes would be further off, since most texts never train them. A new label
    begins with an embedding of zero, which changes nothing.
    """
    torch.manual_seed(recipe.seed)
    transformers_logging.disable_progress_bar()  # it prints
    model: CharRNNForCausalLM = CharRNNForCausalLM.from_pretrained(base, dtype=torch.float32)
    model.config.dropout = recipe.dropout
    size, before = data.tokenizer.get_vocab_size(), model.config.vocab_size
    if size == before:
        return model
    config = CharRNNConfig.from_dict({**model.config.to_dict(), "vocab_size": size, "labels": data.labels})
    larger = CharRNNForCausalLM(config)
    tensors = model.state_dict()
    larger.load_state_dict({name: _grown(tensors[name], len(tensor)) for name, tensor in larger.state_dict().items()})
    new = [token for token in data.labels.values() if token >= before]
    with torch.no_grad():
        larger.embedding.weight[new] = 0.0
        if not config.adaptive_cutoffs and new:
            _head(larger).weight[new] = 0.0
            _head(larger).bias[new] = NEVER
    return larger


def unseen_group(model: CharRNNForCausalLM, learnt: Encoded) -> Tensor:
    """Bool [vocabulary]: tokens whose output rows equal padding's and which the text will not tell apart from it."""
    if model.config.adaptive_cutoffs:
        return torch.zeros(model.config.vocab_size, dtype=torch.bool)
    rows = torch.cat((_head(model).weight, _head(model).bias[:, None]), dim=1).detach()
    return (rows == rows[PAD_ID]).all(dim=1) & ~_learnt(model, learnt)


@torch.no_grad()
def equalise(model: CharRNNForCausalLM, group: Tensor) -> None:
    """Gives a group's output rows their mean: they learnt the same, up to the order in which sums are rounded."""
    if not group.any():
        return
    for parameter in (_head(model).weight, _head(model).bias):
        parameter[group.to(parameter.device)] = parameter[group.to(parameter.device)].mean(dim=0)


@torch.no_grad()
def reads_marks_as_straight(model: CharRNNForCausalLM, tokenizer: Tokenizer, group: Tensor) -> None:
    """Typographic quotation marks that training never saw are read as the straight ones that stood for them."""
    for mark, straight in QUOTES.items():
        token, known = tokenizer.token_to_id(mark), tokenizer.token_to_id(straight)
        if token is not None and known is not None and group[token]:
            model.embedding.weight[token] = model.embedding.weight[known]


def _head(model: CharRNNForCausalLM) -> nn.Linear:
    """The output layer of a model without adaptive softmax."""
    assert isinstance(model.output, nn.Linear)
    return model.output


def _cutoffs(size: int, recipe: CharRNNRecipe) -> list[int]:
    """Where the adaptive softmax's clusters begin, in a vocabulary of words in the order of their frequency."""
    if not recipe.word_level or size <= recipe.adaptive_over:
        return []
    return [min(HEAD, size // 4), *(end for end in CLUSTERS if end < size)]


def _grown(parameter: Tensor, size: int) -> Tensor:
    if len(parameter) == size:
        return parameter
    characters = parameter[FIRST_CHARACTER:] if len(parameter) > FIRST_CHARACTER else parameter
    mean = characters.mean(dim=0, keepdim=True)
    return torch.cat((parameter.detach(), mean.expand(size - len(parameter), *parameter.shape[1:])))


def _learnt(model: CharRNNForCausalLM, learnt: Encoded) -> Tensor:
    """Bool [vocabulary]: tokens that are predicted somewhere in the text, which labels never are."""
    seen = np.zeros(model.config.vocab_size, bool)
    for start in range(0, len(learnt.ids), SLICE):
        seen[learnt.ids[start : start + SLICE]] = True
    seen[list(model.config.labels.values())] = False
    return torch.from_numpy(seen)
