"""Attention of one text's new tokens over all of its tokens, which may lie in several pieces."""

from __future__ import annotations

from typing import Final, NamedTuple, cast

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

# what scaled_dot_product_attention runs on a CPU (torch 2.13, native_functions.yaml): it also tells the logarithm of
# the sum of exponentials, with which answers over several pieces are put together
_flash: Final = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


class Piece(NamedTuple):
    """Keys and values that lie together.

    Attributes:
        keys, values: [heads, tokens, head width].
        new: they are the new tokens', of which each sees only those up to itself.
    """

    keys: Tensor
    values: Tensor
    new: bool


def attended(queries: Tensor, pieces: list[Piece], scale: float) -> Tensor:
    """The new tokens' attention.

    Args:
        queries: [heads, new tokens, head width].
        pieces: in the order of the text; the last holds the new tokens.
        scale: of the scores.

    Returns:
        [new tokens, heads, head width].
    """
    if queries.device.type != "cpu":
        return attended_in_one(queries, pieces, scale)
    answers = [
        _flash(queries[None], piece.keys[None], piece.values[None], 0.0, piece.new, scale=scale) for piece in pieces
    ]
    if len(answers) == 1:
        return cast(Tensor, answers[0][0][0].transpose(0, 1))
    weights = torch.stack([sums for _, sums in answers]).softmax(0)
    answer = sum(part[0] * weight[0, :, :, None] for (part, _), weight in zip(answers, weights, strict=True))
    return cast(Tensor, answer).transpose(0, 1)


def attended_in_one(queries: Tensor, pieces: list[Piece], scale: float) -> Tensor:
    """The same where torch has no such operation: keys and values are put together first."""
    keys = torch.cat([piece.keys for piece in pieces], 1)
    values = torch.cat([piece.values for piece in pieces], 1)
    new, every = queries.shape[1], keys.shape[1]
    mask = None
    if new > 1:
        mask = torch.ones((new, every), dtype=torch.bool, device=queries.device).tril(every - new)
    answer = scaled_dot_product_attention(queries[None], keys[None], values[None], attn_mask=mask, scale=scale)
    return answer[0].transpose(0, 1)
