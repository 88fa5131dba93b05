"""What guarded texts share: what may not be written, the way back to an earlier draw, and an outlet for whole words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from generators.completion import Alternative
from generators.engine.outlet import Outlet
from generators.engine.texts import Order, Text
from generators.engine.tokens import TokenTable
from generators.guard import Watch
from generators.memorisation import RUN, Index, words_of
from generators.sampling import Uniforms

LOOKED_BACK: Final = 256  # tokens, or characters, before a text in which its last words are looked for first
MOST_REDRAWS: Final = 16  # at one place; then no word may begin there
REDRAW: Final = 40  # bits by which a redraw's number stands above the choice's and the sample's among the streams


class Guarding:
    """What an engine knows to guard the texts of one of its voices.

    Args:
        index: of the runs that may not be written.
        table: the engine's.
    """

    def __init__(self, index: Index, table: TokenTable) -> None:
        self._index = index
        self._bytes = table.bytes
        self.inside, self.parting, self.wordless = table.words

    def watch(self, before: str | Sequence[int]) -> Watch:
        """Watches what follows a prompt, also that part of it which did not fit the model's context."""
        tail = self._spelt(before[-LOOKED_BACK:])
        if len(before) > LOOKED_BACK and sum(1 for _ in words_of(tail.decode("utf-8", "replace"))) <= RUN:
            tail = self._spelt(before)
        return Watch(self._index, tail)

    def _spelt(self, prompt: str | Sequence[int]) -> bytes:
        return prompt.encode() if isinstance(prompt, str) else b"".join([self._bytes[token] for token in prompt])


class Redraws:
    """The tokens that may not be drawn again at the place that a text has last gone back to."""

    __slots__ = ("_banned", "_place")

    def __init__(self) -> None:
        self._place = -1
        self._banned: list[int] = []

    def go_back(self, text: Text, place: int, guarding: Guarding) -> None:
        """Takes a text back to the draw that gave the token at this place."""
        if place != self._place:
            self._place, self._banned = place, []
        self._banned.append(text.ids[place])
        allowed = (
            np.ones(len(guarding.wordless), bool) if len(self._banned) < MOST_REDRAWS else guarding.wordless.copy()
        )
        allowed[self._banned] = False
        order = text.order
        text.drawn -= len(text.ids) - place
        del text.ids[place:]
        text.pending = ()
        temperatures = order.sampling.temperature
        text.heat = temperatures[text.drawn % len(temperatures)]
        text.allowed = allowed
        stream = order.request.first_choice + text.choice
        text.uniforms = Uniforms(order.seed, stream + (len(self._banned) << REDRAW))
        text.turned_back = True


class GuardedOutlet(Outlet):
    """Where a stop text cuts a word so that what is left of it completes a run, that is left out, too.

    So words leave whole.
    """

    def __init__(self, order: Order, choice: int, watch: Watch) -> None:
        super().__init__(choice, order.append, order.request.stop)
        self._watch = watch.copy()  # of what has left

    def _free(self, settled: int) -> int:
        left, waiting = self._waiting(settled)
        return left + self._watch.settled(waiting)

    def _cut(self, length: int) -> None:
        left, waiting = self._waiting(length)
        repeated = self._watch.repeated(waiting)
        super()._cut(length if repeated is None else left + repeated)

    def _waiting(self, length: int) -> tuple[int, bytes]:
        """How many bytes have left, and those behind them up to a length of the text."""
        waiting = b"".join([each.bytes for each in self._held])
        left = self._length - len(waiting)
        return left, waiting[: max(0, length - left)]

    def _leave(
        self,
        token_ids: tuple[int, ...],
        data: bytes,
        logprob: float,
        alternatives: tuple[Alternative, ...],
        exact: bool,
        last: bool = False,
    ) -> None:
        self._watch.read(data)
        super()._leave(token_ids, data, logprob, alternatives, exact, last)


def outlet_of(order: Order, choice: int, watch: Watch) -> Outlet:
    """Where a guarded choice hands out its text."""
    stop = order.request.stop
    return GuardedOutlet(order, choice, watch) if stop else Outlet(choice, order.append, stop)


def token_at(spelt: Sequence[bytes], byte: int) -> int:
    """Which of some tokens has this byte; their number where it comes after them."""
    for place, data in enumerate(spelt):
        if byte < len(data):
            return place
        byte -= len(data)
    return len(spelt)
