"""Attention for training on processors, where torch's own is slow: a third of its time over windows of 512 tokens."""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, eager_mask

NAME: Final = "chunked"  # as `attn_implementation`
CHUNK: Final = 128  # tokens; of 64, 128 and 256 the fastest


def chunked(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor,
    scaling: float,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Causal attention, a chunk of queries at a time, each with the keys up to its own end.

    Weights have the number format of the queries: autocast would compute them in float32, twice the memory to move.

    Args:
        module: asked whether it trains.
        query, key, value: [windows, heads, tokens, features].
        attention_mask: added to the scores, [windows, 1, tokens, tokens].
        scaling: of the scores.
        dropout: share of weights that training leaves out.

    Returns:
        [windows, tokens, heads, features], and nothing for the weights, which are not kept.
    """
    tokens = query.shape[2]
    with torch.autocast(query.device.type, enabled=False):
        query, mask = query * scaling, attention_mask.to(query.dtype)
        parts = []
        for start in range(0, tokens, CHUNK):
            end = min(start + CHUNK, tokens)
            scores = query[:, :, start:end] @ key[:, :, :end].mT
            weights = scores.add_(mask[:, :, start:end, :end]).softmax(dim=-1)
            parts.append(nn.functional.dropout(weights, dropout, module.training) @ value[:, :, :end])
        return torch.cat(parts, dim=2).transpose(1, 2), None


AttentionInterface.register(NAME, chunked)
ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, eager_mask)
