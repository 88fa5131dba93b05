"""Attention: of many texts that go on by a token each, and of one text's many tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from generators.gpt2.seats import Bucket, Past
from generators.gpt2.state import TextState


class Stepping:
    """Texts of one bucket, all whole or forks of one past, that go on by a token each.

    Args:
        members: the packed row of each one's token, and its state, which has a seat with room.
    """

    def __init__(self, members: Sequence[tuple[int, TextState]]) -> None:
        seats = [state.sit() for _, state in members]
        self._past = members[0][1].past  # what they share and have not in their seats; nothing where they are whole
        self._bucket = bucket = seats[0].bucket
        device = bucket.keys.device
        # by their seats: where everybody in the bucket goes on, their rows are a view, and nothing is copied
        order = sorted(range(len(members)), key=lambda place: seats[place].row)
        self._states = [members[place][1] for place in order]
        self._rows = _packed_rows([members[place][0] for place in order], 1, device)
        self._taken = torch.tensor([seats[place].row for place in order], device=device)
        self._everybody = len(order) == len(bucket.seats)
        self._positions = torch.tensor([seats[place].used for place in order], device=device)
        unseen = torch.arange(bucket.capacity, device=device) > self._positions[:, None]
        self._mask = torch.zeros(unseen.shape, device=device).masked_fill_(unseen, -torch.inf)[:, None, None]

    def attend(self, layer: int, mixed: Tensor, answer: Tensor, scale: float) -> None:
        """See `network.Attends`."""
        keys, values = self._bucket.keys[layer], self._bucket.values[layer]
        ours = mixed[self._rows].to(keys.dtype)
        keys[self._taken, :, self._positions] = ours[:, 1]
        values[self._taken, :, self._positions] = ours[:, 2]
        if self._everybody:
            keys, values = keys[: len(ours)], values[: len(ours)]
        else:
            keys, values = keys.index_select(0, self._taken), values.index_select(0, self._taken)
        queries = ours[:, 0, :, None]
        scores = torch.matmul(queries, keys.transpose(2, 3)).float().mul_(scale).add_(self._mask)
        if not self._past.tokens:
            found = torch.matmul(scores.softmax(3).to(keys.dtype), values)[:, :, 0]
        else:
            found = self._beside_the_past(layer, queries, scores, values, scale)
        answer[self._rows] = found.to(answer.dtype)

    def _beside_the_past(self, layer: int, queries: Tensor, scores: Tensor, values: Tensor, scale: float) -> Tensor:
        """Over the past, which is read once for all of them, and over their own tokens: [texts, heads, head width]."""
        together = queries[:, :, 0].transpose(0, 1)  # [heads, texts, head width]
        before = torch.matmul(together, self._past.keys[layer].transpose(1, 2)).float().mul_(scale)
        weights = torch.cat((before.transpose(0, 1)[:, :, None], scores), 3).softmax(3).to(values.dtype)
        old, own = weights[..., : self._past.tokens], weights[..., self._past.tokens :]
        of_past = torch.matmul(old[:, :, 0].transpose(0, 1), self._past.values[layer]).transpose(0, 1)
        return of_past.float() + torch.matmul(own, values)[:, :, 0]

    def ended(self) -> Callable[[], None]:
        """All layers are through: what is left to be done, which cannot fail: the new tokens count."""
        return self._note_tokens

    def _note_tokens(self) -> None:
        for state in self._states:
            state.stepped()


class FirstRows:
    """All the first rows of a bucket going on by a token each, in tensors alone: what a recorded step can replay.

    Args:
        bucket: packed rows are its rows.
        places: int64 [rows], where each one's token goes, which sees what is there up to itself; there has to be room.
    """

    def __init__(self, bucket: Bucket, places: Tensor) -> None:
        count = len(places)
        self._keys, self._values = bucket.keys[:, :count], bucket.values[:, :count]
        self._rows = torch.arange(count, device=places.device)
        self._places = places
        unseen = torch.arange(bucket.capacity, device=places.device) > places[:, None]
        self._mask = torch.zeros_like(unseen, dtype=bucket.keys.dtype).masked_fill(unseen, -torch.inf)[:, None, None]

    def attend(self, layer: int, mixed: Tensor, answer: Tensor, scale: float) -> None:
        """See `network.Attends`."""
        keys, values = self._keys[layer], self._values[layer]
        ours = mixed.to(keys.dtype)
        keys[self._rows, :, self._places] = ours[:, 1]
        values[self._rows, :, self._places] = ours[:, 2]
        found = scaled_dot_product_attention(ours[:, 0, :, None], keys, values, attn_mask=self._mask, scale=scale)
        answer.copy_(found[:, :, 0])


class Reading:
    """Texts of one length whose next tokens, as many of each, are read.

    Args:
        members: the packed row of each one's first token, and its state, which is put away.
        count: of tokens each.
    """

    def __init__(self, members: Sequence[tuple[int, TextState]], count: int) -> None:
        self._states = [state for _, state in members]
        self._pasts = [state.put_away() for state in self._states]
        self._rows = _packed_rows([first for first, _ in members], count, self._pasts[0].keys.device)
        self._count = count
        layers, heads, before, width = self._pasts[0].keys.shape
        self._before = before
        grown = self._pasts[0].keys.new_empty((2, len(members), layers, heads, before + count, width))
        for place, past in enumerate(self._pasts):
            grown[0, place, :, :, :before] = past.keys
            grown[1, place, :, :, :before] = past.values
        self._keys, self._values = grown
        self._mask = None
        if before:
            self._mask = torch.ones((count, before + count), dtype=torch.bool, device=grown.device).tril(before)

    def attend(self, layer: int, mixed: Tensor, answer: Tensor, scale: float) -> None:
        """See `network.Attends`; the tokens see what was before them, and those of themselves up to each."""
        ours = mixed[self._rows].reshape(-1, self._count, *mixed.shape[1:])
        queries, new_keys, new_values = ours.permute(2, 0, 3, 1, 4)
        keys, values = self._keys[:, layer], self._values[:, layer]
        keys[:, :, self._before :] = new_keys
        values[:, :, self._before :] = new_values
        found = scaled_dot_product_attention(
            queries,
            keys.to(queries.dtype),
            values.to(queries.dtype),
            attn_mask=self._mask,
            is_causal=self._mask is None,
            scale=scale,
        )
        answer[self._rows] = found.transpose(1, 2).flatten(0, 1)

    def ended(self) -> Callable[[], None]:
        """As of `Stepping`: the new tokens are the texts' past, too, each one's in a piece of its own."""
        pasts = [Past(keys, values) for keys, values in zip(self._keys, self._values, strict=True)]
        if len(pasts) > 1:
            pasts = [Past(past.keys.clone(), past.values.clone()) for past in pasts]
        return partial(self._keep, pasts)

    def _keep(self, pasts: Sequence[Past]) -> None:
        for state, past in zip(self._states, pasts, strict=True):
            state.past = past


def _packed_rows(firsts: Sequence[int], count: int, device: torch.device) -> slice | Tensor:
    """The packed rows of tokens, so many from each first one on; a slice, which copies nothing, where they are one."""
    if all(later - first == count for first, later in pairwise(firsts)):
        return slice(firsts[0], firsts[-1] + count)
    return (torch.tensor(firsts)[:, None] + torch.arange(count)).flatten().to(device)
