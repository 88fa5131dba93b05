"""Logits that stay on a GPU, and draws there: the rules of `generators.filtering`, over all texts of a step in torch.

A row of GPT-2's logits is 200 kB. To fetch those of 256 texts and draw from them one by one takes many times as long
as the step that gives them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import overload

import torch
from torch import Tensor
from torch.nn.functional import pad

from generators.devices import is_shortage
from generators.filtering import PENALISED, Filtered
from generators.model import Logits
from generators.sampling import COLD, Ids


class TorchLogits:
    """Logits on a device: `generators.model.DeviceLogits`.

    Args:
        logits: float32 [texts, vocabulary]; nobody changes them.
    """

    def __init__(self, logits: Tensor) -> None:
        self._logits = logits

    def __len__(self) -> int:
        return len(self._logits)

    def __iter__(self) -> Iterator[Logits]:
        return iter(self._logits.cpu().numpy())

    @overload
    def __getitem__(self, places: int) -> Logits: ...
    @overload
    def __getitem__(self, places: slice | list[int]) -> TorchLogits: ...
    def __getitem__(self, places: int | slice | list[int]) -> Logits | TorchLogits:
        if isinstance(places, int):
            row: Logits = self._logits[places].cpu().numpy()
            return row
        return TorchLogits(self._logits[places])

    @torch.inference_mode()
    def drawn(
        self, rows: Sequence[Filtered], never: Ids, end: int, endless: Sequence[int]
    ) -> tuple[list[int], list[float]]:
        """See `DeviceLogits.drawn`; where memory does not suffice for all texts at once, for half of them at a time."""
        try:
            return self._drawn_together(rows, never, end, endless)
        except RuntimeError as fault:
            if len(rows) < 2 or not is_shortage(fault):
                raise
        half = len(rows) // 2
        first = self[:half].drawn(rows[:half], never, end, [place for place in endless if place < half])
        rest = self[half:].drawn(rows[half:], never, end, [place - half for place in endless if place >= half])
        return first[0] + rest[0], first[1] + rest[1]

    def _drawn_together(
        self, rows: Sequence[Filtered], never: Ids, end: int, endless: Sequence[int]
    ) -> tuple[list[int], list[float]]:
        logits, device = self._logits, self._logits.device
        scores = logits.clone()
        scores[:, torch.from_numpy(never).to(device)] = -math.inf
        scores[list(endless), end] = -math.inf
        if any(row.sampling.repetition_penalty != 1 for row in rows):
            _penalise(scores, rows)
        numbers = torch.tensor([(row.temperature, row.uniform, row.sampling.top_p) for row in rows], dtype=torch.double)
        heats, uniforms, top_p = numbers.to(device).t()
        cold = heats < COLD
        heats = torch.where(cold, 1.0, heats).float()[:, None]
        most = scores.amax(1, keepdim=True)  # taken off before the division, so that 0.001 does not overflow
        weights = (scores - most).div_(heats).exp_()
        top_k = [min(row.sampling.top_k or scores.shape[1], scores.shape[1]) for row in rows]
        if min(top_k) < scores.shape[1] or any(row.sampling.top_p < 1 for row in rows):
            ordered = scores.topk(max(top_k), dim=1).values
            probable = (ordered - most).div_(heats).exp_()
            count = _counts(probable, torch.tensor(top_k).to(device)[:, None], top_p[:, None])
            weights *= _likeliest(scores, ordered.gather(1, count - 1), count)
        tokens = torch.where(cold, scores.argmax(1), _inverted(weights, uniforms[:, None]))
        logprobs = logits.gather(1, tokens[:, None])[:, 0] - logits.logsumexp(1)
        logprobs = torch.where(logits.amax(1).isfinite(), logprobs, math.nan)
        ids, logs = torch.stack((tokens.double(), logprobs.double())).tolist()  # over in one piece
        return [int(token) for token in ids], logs


def _penalise(scores: Tensor, rows: Sequence[Filtered]) -> None:
    """Divides the positive scores of recent tokens by their row's penalty and multiplies the others, in place."""
    recent = [list(row.recent[-PENALISED:]) or [0] for row in rows]
    longest = max(map(len, recent))
    ids = torch.tensor([each + [each[0]] * (longest - len(each)) for each in recent]).to(scores.device)
    penalties = torch.tensor([row.sampling.repetition_penalty if row.recent else 1.0 for row in rows])[:, None]
    penalties = penalties.to(scores.device)
    chosen = scores.gather(1, ids)
    scores.scatter_(1, ids, torch.where(chosen > 0, chosen / penalties, chosen * penalties))


def _counts(weights: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """How many of the likeliest tokens top_k and top_p leave: int64 [texts, 1], at least 1.

    Args:
        weights: float32 [texts, tokens], the likeliest first, as many as the largest top_k.
        top_k: int64 [texts, 1].
        top_p: float64 [texts, 1].
    """
    places = torch.arange(weights.shape[1], device=weights.device)
    cumulated = weights.where(places < top_k, 0.0).cumsum(1, dtype=torch.double)
    nucleus = (pad(cumulated[:, :-1], (1, 0)) < top_p * cumulated[:, -1:]).sum(1, keepdim=True)
    return torch.where(top_p < 1, torch.minimum(nucleus.clamp_min(1), top_k), top_k)


def _likeliest(scores: Tensor, least: Tensor, count: Tensor) -> Tensor:
    """The `count` likeliest tokens, of those level with the last one the first by id: bool [texts, vocabulary].

    Args:
        least: [texts, 1], the last one's score.
    """
    above, level = scores > least, scores == least
    return above | (level & (level.cumsum(1) <= count - above.sum(1, keepdim=True)))


def _inverted(weights: Tensor, uniforms: Tensor) -> Tensor:
    """A token for each row, by inverting the cumulated weights at its uniform number: int64 [texts]."""
    cumulated = weights.cumsum(1, dtype=torch.double)
    places = torch.searchsorted(cumulated, uniforms * cumulated[:, -1:], right=True)[:, 0]
    last = weights.shape[1] - 1 - (weights > 0).flip(1).int().argmax(1)  # where rounding takes it past the end
    return torch.minimum(places, last)
