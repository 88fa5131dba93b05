"""A GPT-2 as it trains: over packed windows, from nothing or from a trained one's weights."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.utils import logging as transformers_logging

from generators.errors import InvalidValue
from generators.training import attention
from generators.training.loss import head_loss
from generators.training.recipes import GPT2Recipe
from generators.vocabulary import Vocabulary

FUSED: Final = {"gelu_new": "gelu_pytorch_tanh"}  # the same function in one pass over memory


class PackedGPT2(GPT2LMHeadModel):  # type: ignore[misc]
    """GPT-2 whose loss is of given next tokens, over windows that hold several documents.

    Positions that begin again show transformers where a document begins: attention looks no further back
    (masking_utils.find_packed_sequence_indices).
    """

    loss_type: str | None = None  # Trainer counts all targets, because none is shifted here

    def forward(
        self,
        input_ids: Tensor,
        labels: Tensor,
        position_ids: Tensor,
        num_items_in_batch: Tensor | int | None = None,
        **_: Any,
    ) -> dict[str, Tensor]:
        """The mean loss, in nats a token; see `Packs.batch` for the shapes.

        Args:
            num_items_in_batch: targets of all batches that make a step.
        """
        hidden = self.transformer(input_ids, position_ids=position_ids, use_cache=False).last_hidden_state
        return {"loss": head_loss(hidden, self.lm_head.weight, labels, num_items_in_batch)}


def check_width(recipe: GPT2Recipe) -> None:
    """Refuses a new model whose width cannot be shared among its heads.

    Raises:
        InvalidValue: it cannot.
    """
    if recipe.width % recipe.heads:
        raise InvalidValue("width", recipe.width, f"a multiple of heads, which are {recipe.heads}")


def fresh_config(recipe: GPT2Recipe, vocabulary: Vocabulary, labels: Mapping[str, int]) -> GPT2Config:
    """A new model's config."""
    return GPT2Config(
        vocab_size=vocabulary.size,
        n_positions=recipe.context,
        n_embd=recipe.width,
        n_layer=recipe.layers,
        n_head=recipe.heads,
        activation_function="gelu",  # trains in half the time of GPT-2's own approximation of it
        bos_token_id=vocabulary.start,
        eos_token_id=vocabulary.end,
        pad_token_id=vocabulary.end,
        labels=dict(labels),
        attn_implementation=_attention(),
        **_dropout(recipe),
    )


def _attention() -> str:
    """What attends, whatever a base's config.json asks for: it has to keep the documents of a window apart."""
    return "sdpa" if torch.cuda.is_available() else attention.NAME


def _dropout(recipe: GPT2Recipe) -> dict[str, float]:
    """None inside attention: there it forbids torch's fast kernels, and the other places are enough."""
    return {"resid_pdrop": recipe.dropout, "embd_pdrop": recipe.dropout, "attn_pdrop": 0.0}


def loaded(directory: Path, tensors: dict[str, Tensor], recipe: GPT2Recipe) -> PackedGPT2:
    """A trained model in float32 of tensors that were read, and checked, by what writes with them."""
    config = GPT2Config.from_pretrained(directory, **_dropout(recipe))
    activation = config.activation_function
    config.activation_function = FUSED.get(activation, activation)
    transformers_logging.disable_progress_bar()  # it prints, and telling is the caller's
    kinds = {"dtype": torch.float32, "attn_implementation": _attention()}
    model: PackedGPT2 = PackedGPT2.from_pretrained(None, config=config, state_dict=dict(tensors), **kinds)
    model.config.activation_function = activation
    model.name_or_path = str(directory)
    return model


def with_rows(model: PackedGPT2, size: int, labels: Mapping[str, int]) -> PackedGPT2:
    """The model with rows for new label tokens, which begin as the mean of the others."""
    before = model.config.vocab_size
    if size > before:
        model.resize_token_embeddings(size, mean_resizing=False)
        with torch.no_grad():
            rows = model.transformer.wte.weight
            rows[before:] = rows[:before].mean(dim=0)
            if not model.config.tie_word_embeddings:
                model.lm_head.weight[before:] = model.lm_head.weight[:before].mean(dim=0)
    if labels:
        model.config.labels = dict(labels)
    return model


def save_model(model: nn.Module, recipe: GPT2Recipe, directory: Path) -> None:
    """Writes config.json and the weights in the recipe's number format, in one file or in shards with their index."""
    dtype = getattr(torch, recipe.dtype)
    tensors = {name: tensor.detach().to(dtype) for name, tensor in model.state_dict().items()}
    config: GPT2Config = copy(model.config)
    if config.tie_word_embeddings:
        del tensors["lm_head.weight"]  # which is the embedding
    size = f"{recipe.shard_size}MB" if recipe.shard_size else "100GB"
    model.save_pretrained(directory, state_dict=tensors, max_shard_size=size)  # type: ignore[operator]
    config.architectures, config.dtype = [GPT2LMHeadModel.__name__], dtype
    config.save_pretrained(directory)
