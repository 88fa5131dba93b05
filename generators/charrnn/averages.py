"""The two averages of features that a char-RNN's output may read, in torch."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

EPSILON: Final = 1e-7  # beside the sum of weights; textgenrnn/AttentionWeightedAverage.py (K.epsilon())


def running_average(
    features: Tensor, scores: Tensor, decay: float, before: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, Tensor]:
    """At every token the average of the features up to it, with weights softmax(a_s + (t-s)·log decay).

    Args:
        features: [texts, tokens, features].
        scores: [texts, tokens], a.
        decay: in (0, 1].
        before: what stands for the tokens before these: log weights [texts] and averages [texts, features].

    Returns:
        Averages [texts, tokens, features], and the log weight [texts] at the last token.
    """
    tokens = features.shape[1]
    log_decay = math.log(decay)
    at = torch.arange(tokens, device=features.device)
    age = at[:, None] - at[None, :]  # of token s (column) as token t (row) sees it
    scores = _exact(scores)
    weights = scores[:, None, :] + (age * log_decay).to(scores.dtype)
    weights = weights.masked_fill(age < 0, -math.inf)
    seen = features
    if before is not None:  # everything before the window is one more token, already decayed once at t = 0
        total, average = before
        weights = torch.cat(((_exact(total)[:, None] + (at + 1) * log_decay)[:, :, None], weights), dim=-1)
        seen = torch.cat((average[:, None].to(features.dtype), features), dim=1)
    averages = torch.bmm(weights.softmax(dim=-1).to(seen.dtype), seen)
    return averages, weights[:, -1].logsumexp(dim=-1)


def window_average(features: Tensor, scores: Tensor) -> Tensor:
    """The average [windows, features] of features [windows, tokens, features] by scores [windows, tokens]."""
    scores = _exact(scores)
    weights = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    weights = weights / (weights.sum(dim=-1, keepdim=True) + EPSILON)
    return torch.bmm(weights[:, None].to(features.dtype), features)[:, 0]


def _exact(numbers: Tensor) -> Tensor:
    """In float32 at least: sums of exponentials cannot do with autocast's eight bits."""
    return numbers.to(torch.promote_types(numbers.dtype, torch.float32))
