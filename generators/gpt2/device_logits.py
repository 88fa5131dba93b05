"""Logits that stay on a GPU, and draws there: the rules of `generators.filtering`, over all texts of a step in torch.

A row of GPT-2's logits is 200 kB. To fetch those of 256 texts and draw from them one by one takes many times as long
as the step that gives them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, overload

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
        try:
            return TorchLogits(self._logits[places])
        except RuntimeError as fault:
            return self._fetched(fault)[places]

    @torch.inference_mode()
    def drawn(
        self, rows: Sequence[Filtered], never: Ids, end: int, endless: Sequence[int]
    ) -> tuple[list[int], list[float]]:
        """See `DeviceLogits.drawn`; where the device has no memory for it, beside the processor."""
        try:
            return self._drawn(rows, never, end, endless)
        except RuntimeError as fault:
            return self._fetched(fault)._drawn(rows, never, end, endless)

    def _fetched(self, fault: RuntimeError) -> TorchLogits:
        """The same beside the processor, if the fault is that the device has too little memory; else it is raised."""
        if self._logits.device.type == "cpu" or not is_shortage(fault):
            raise fault
        return TorchLogits(self._logits.cpu())

    def _drawn(
        self, rows: Sequence[Filtered], never: Ids, end: int, endless: Sequence[int]
    ) -> tuple[list[int], list[float]]:
        logits = self._logits
        tokens, wishes = logits.shape[1], _Wishes.of(rows, endless, logits)
        scores = logits.index_fill(1, _there(torch.from_numpy(never), logits), -math.inf)
        scores[:, end].masked_fill_(wishes.endless, -math.inf)
        if any(row.sampling.repetition_penalty != 1 and row.recent for row in rows):
            _penalise(scores, rows, wishes.penalties)
        most = scores.amax(1, keepdim=True)  # taken off before the division, so that 0.001 does not overflow
        weights = (scores - most).div_(wishes.heats).exp_()
        top_k = max(min(row.sampling.top_k or tokens, tokens) for row in rows)
        if any(row.sampling.top_k or row.sampling.top_p < 1 for row in rows):
            ordered = scores.topk(top_k, dim=1).values
            count = _counts((ordered - most).div_(wishes.heats).exp_(), wishes.top_k, wishes.top_p)
            weights *= _likeliest(scores, ordered.gather(1, count - 1), count)
        drawn = torch.where(wishes.cold, scores.argmax(1), _inverted(weights, wishes.uniforms))
        logprobs = logits.gather(1, drawn[:, None])[:, 0] - logits.logsumexp(1)
        logprobs = torch.where(logits.amax(1).isfinite(), logprobs, math.nan)
        ids, logs = torch.stack((drawn.double(), logprobs.double())).tolist()  # over in one piece
        return [int(token) for token in ids], logs


class _Wishes(NamedTuple):
    """What rows are drawn through, one tensor for each setting.

    Attributes:
        heats: float32 [texts, 1], 1 where nothing is drawn by it.
        cold: bool [texts], whose likeliest token is taken.
        uniforms, top_p: float64 [texts, 1].
        top_k: int64 [texts, 1], at most the vocabulary's size.
        penalties: float32 [texts, 1], 1 where nothing is recent.
        endless: bool [texts], which may not end.
    """

    heats: Tensor
    cold: Tensor
    uniforms: Tensor
    top_p: Tensor
    top_k: Tensor
    penalties: Tensor
    endless: Tensor

    @classmethod
    def of(cls, rows: Sequence[Filtered], endless: Sequence[int], logits: Tensor) -> _Wishes:
        """Those of some rows, taken to where the logits are in one piece."""
        tokens, never_end = logits.shape[1], set(endless)
        numbers = [
            (
                row.temperature,
                row.uniform,
                row.sampling.top_p,
                min(row.sampling.top_k or tokens, tokens),
                row.sampling.repetition_penalty if row.recent else 1.0,
                place in never_end,
            )
            for place, row in enumerate(rows)
        ]
        there = _there(torch.tensor(numbers, dtype=torch.double), logits)
        heats, uniforms, top_p, top_k, penalties, ends = torch.split(there, 1, dim=1)
        cold = heats < COLD
        heats = torch.where(cold, 1.0, heats).float()
        return cls(heats, cold[:, 0], uniforms, top_p, top_k.long(), penalties.float(), ends[:, 0] > 0)


def _there(tensor: Tensor, like: Tensor) -> Tensor:
    """A tensor of ours on another one's device, which is not waited for."""
    return tensor.to(like.device, non_blocking=True)


def _penalise(scores: Tensor, rows: Sequence[Filtered], penalties: Tensor) -> None:
    """Divides the positive scores of recent tokens by their row's penalty and multiplies the others, in place."""
    recent = [list(row.recent[-PENALISED:]) or [0] for row in rows]
    longest = max(map(len, recent))
    ids = _there(torch.tensor([each + [each[0]] * (longest - len(each)) for each in recent]), scores)
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
