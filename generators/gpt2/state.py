"""What a text has been through: its keys and values in every layer, shared between forks as far as they agree."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

TAIL: Final = 32  # tokens that a fork has of its own before it is given keys and values in one piece again
SPARE: Final = 32  # tokens that fit into a text's memory before it grows, at least


class TextState:
    """Keys and values of a text: those it shares, which nobody changes any more, and behind them its own.

    What a text has once written of its own is never written again, so a fork shares it by looking at it: forking 256
    prefixes of one long text copies nothing but the few tokens that each has of its own.

    Args:
        shared: [layers, 2, heads, tokens, head width], keys before values; None for nothing.
        own: [layers, 2, heads, capacity, head width], of which the first `used` are filled.
    """

    __slots__ = ("own", "shared", "used")

    def __init__(self, shared: Tensor | None, own: Tensor, used: int) -> None:
        self.shared = shared
        self.own = own
        self.used = used

    @property
    def length(self) -> int:
        """Tokens that it has been through."""
        return self.used + self.shared_length

    @property
    def shared_length(self) -> int:
        return 0 if self.shared is None else self.shared.shape[3]

    @property
    def nbytes(self) -> int:
        """Memory that would be free without it and its forks."""
        shared = 0 if self.shared is None else self.shared.untyped_storage().nbytes()
        return shared + self.own.untyped_storage().nbytes()

    def fork(self) -> TextState:
        """A text that begins as this one and goes its own way."""
        if self.shared is None and self.used:
            return TextState(self.own[:, :, :, : self.used], _room(self.own, 0), 0)
        return TextState(self.shared, self.own[:, :, :, : self.used].clone(), self.used)

    def reserve(self, tokens: int, context: int) -> None:
        """Makes room for so many tokens more, in one piece with what is shared unless they are few."""
        needed = self.used + tokens
        if self.shared is not None and needed > TAIL:
            self._grow(min(context, max(self.length + tokens + SPARE, (self.length + tokens) * 3 // 2)), join=True)
        elif needed > self.own.shape[3]:
            wanted = needed + 3 if self.shared is not None else max(needed + SPARE, needed * 3 // 2)
            self._grow(min(context, wanted), join=False)

    def _grow(self, capacity: int, *, join: bool) -> None:
        parts = [self.own[:, :, :, : self.used]]
        if join and self.shared is not None:
            parts.insert(0, self.shared)
            self.shared = None
        grown = _room(self.own, capacity)
        self.used = 0
        for part in parts:
            after = self.used + part.shape[3]
            grown[:, :, :, self.used : after] = part
            self.used = after
        self.own = grown


def _room(like: Tensor, tokens: int) -> Tensor:
    layers, both, heads, _, width = like.shape
    return torch.empty((layers, both, heads, tokens, width), dtype=like.dtype, device=like.device)
