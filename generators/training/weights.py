"""A char-RNN's first weights: from nothing, or grown from a trained one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from generators.charrnn.configuration import CharRNNConfig
from generators.charrnn.modeling import CharRNNForCausalLM
from generators.charrnn.tokenizer import FIRST_CHARACTER, PAD_ID, START_ID
from generators.training.filters import QUOTES
from generators.training.recipes import CharRNNRecipe
from generators.training.windows import Encoded

SLICE: Final = 1 << 20  # ids looked at together: as indices they take four times their memory


def fresh(recipe: CharRNNRecipe, tokenizer: Tokenizer, learnt: Encoded) -> CharRNNForCausalLM:
    """An untrained model; the recipe's seed decides it.

    The output rows of tokens that the text never has begin equal and learn the same thing, to be unlikely: equal rows
    are computed once when the model writes (see `Folded`), and 256 bytes are most of a small vocabulary.
    """
    torch.manual_seed(recipe.seed)
    model = CharRNNForCausalLM(
        CharRNNConfig(
            vocab_size=tokenizer.get_vocab_size(),
            embedding_size=recipe.embedding_size,
            hidden_sizes=[recipe.hidden_size] * recipe.layers,
            cell=recipe.cell,
            attention_decay=recipe.attention_decay,
            dropout=recipe.dropout,
            bos_token_id=START_ID,
            eos_token_id=START_ID,
            pad_token_id=PAD_ID,
        )
    )
    unseen = ~_seen(learnt, model.config.vocab_size)
    with torch.no_grad():
        model.output.weight[unseen] = 0.0
        model.output.bias[unseen] = 0.0
    return model


def grown(base: Path, recipe: CharRNNRecipe, tokenizer: Tokenizer) -> CharRNNForCausalLM:
    """A trained model with rows for the characters that the tokenizer has beyond the model's own.

    New rows begin as the mean of the other characters' rows: the layers know that region, and the new character is as
    likely as any. The rows of its UTF-8 bytes would be further off, since most texts never train them.
    """
    torch.manual_seed(recipe.seed)
    model: CharRNNForCausalLM = CharRNNForCausalLM.from_pretrained(base, dtype=torch.float32)
    model.config.dropout = recipe.dropout
    size, before = tokenizer.get_vocab_size(), model.config.vocab_size
    if size > before:
        model.config.vocab_size = size
        with torch.no_grad():
            model.embedding.weight = torch.nn.Parameter(_grown(model.embedding.weight, size))
            model.output.weight = torch.nn.Parameter(_grown(model.output.weight, size))
            model.output.bias = torch.nn.Parameter(_grown(model.output.bias, size))
        model.embedding.num_embeddings = model.output.out_features = size
    return model


def unseen_group(model: CharRNNForCausalLM, learnt: Encoded) -> Tensor:
    """Bool [vocabulary]: tokens whose output rows equal padding's and which the text will not tell apart from it."""
    rows = torch.cat((model.output.weight, model.output.bias[:, None]), dim=1).detach()
    return (rows == rows[PAD_ID]).all(dim=1) & ~_seen(learnt, model.config.vocab_size)


@torch.no_grad()
def equalise(model: CharRNNForCausalLM, group: Tensor) -> None:
    """Gives a group's output rows their mean: they learnt the same, up to the order in which sums are rounded."""
    for parameter in (model.output.weight, model.output.bias):
        parameter[group.to(parameter.device)] = parameter[group.to(parameter.device)].mean(dim=0)


@torch.no_grad()
def reads_marks_as_straight(model: CharRNNForCausalLM, tokenizer: Tokenizer, group: Tensor) -> None:
    """Typographic quotation marks that training never saw are read as the straight ones that stood for them."""
    for mark, straight in QUOTES.items():
        token, known = tokenizer.token_to_id(mark), tokenizer.token_to_id(straight)
        if token is not None and known is not None and group[token]:
            model.embedding.weight[token] = model.embedding.weight[known]


def _grown(parameter: Tensor, size: int) -> Tensor:
    characters = parameter[FIRST_CHARACTER:] if len(parameter) > FIRST_CHARACTER else parameter
    mean = characters.mean(dim=0, keepdim=True)
    return torch.cat((parameter.detach(), mean.expand(size - len(parameter), *parameter.shape[1:])))


def _seen(learnt: Encoded, size: int) -> Tensor:
    seen = np.zeros(size, bool)
    for start in range(0, len(learnt.ids), SLICE):
        seen[learnt.ids[start : start + SLICE]] = True
    return torch.from_numpy(seen)
