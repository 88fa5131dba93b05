"""Texts that never repeat their model's training text: a word is handed out once it is known to complete no run.

A word that would complete one is taken back, and the text drawn again from before it, without the token that it began
with. The draws there have uniform numbers of their own, so that the seed decides them, too. Texts in units are looked
at unit by unit, as readers get them; plain ones stream a word late.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from generators.completion import Alternative, FinishReason, Piece, Unit
from generators.engine.outlet import Outlet
from generators.engine.texts import Order, Text
from generators.engine.tokens import TokenTable
from generators.engine.unit_texts import UnitText
from generators.guard import Watch
from generators.memorisation import RUN, WORD, Index, words_of
from generators.sampling import Floats, Uniforms
from generators.units import Cursor, UnitMap

LOOKED_BACK: Final = 256  # tokens, or characters, before a text in which its last words are looked for first
MOST_REDRAWS: Final = 16  # at one place; then no word may begin there
REDRAW: Final = 40  # bits by which a redraw's number stands above the choice's and the sample's among the streams
_new: Final = tuple.__new__  # a named tuple's own constructor takes three times as long


class Guarding:
    """What an engine knows to guard its texts.

    Args:
        index: of the runs that may not be written.
        table: the engine's.

    Attributes:
        inside: of each token, whether it only makes a word longer, as far as one can see.
        parting: of each token, whether it is whole characters without any letter or digit.
        wordless: bool [vocabulary], tokens without any letter or digit.
    """

    def __init__(self, index: Index, table: TokenTable) -> None:
        self._index = index
        self._bytes = table.bytes
        self.inside = tuple(
            [
                bool(data) and (text is None or WORD.fullmatch(text) is not None)
                for text, data in zip(table.shown, table.bytes, strict=True)
            ]
        )
        self.wordless: NDArray[np.bool_] = np.array(
            [
                not data or (text is not None and WORD.search(text) is None)
                for text, data in zip(table.shown, table.bytes, strict=True)
            ]
        )

        self.parting = tuple(
            [bool(known and text is not None) for known, text in zip(self.wordless.tolist(), table.shown, strict=True)]
        )

    def watch(self, before: str | Sequence[int]) -> Watch:
        """Watches what follows a prompt, also that part of it which did not fit the model's context."""
        tail = self._spelt(before[-LOOKED_BACK:])
        if len(before) > LOOKED_BACK and sum(1 for _ in words_of(tail.decode("utf-8", "replace"))) <= RUN:
            tail = self._spelt(before)
        return Watch(self._index, tail)

    def _spelt(self, prompt: str | Sequence[int]) -> bytes:
        return prompt.encode() if isinstance(prompt, str) else b"".join([self._bytes[token] for token in prompt])


class _Redraws:
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


class _Held(NamedTuple):
    """A token that waits for its word to be whole."""

    token_ids: tuple[int, ...]
    bytes: bytes
    logprob: float
    alternatives: tuple[Alternative, ...]


class GuardedText(Text):
    """One choice, token by token, a word behind its draws."""

    __slots__ = ("_guarding", "_held", "_letters", "_redraws", "_usual", "_watch")

    def __init__(self, order: Order, choice: int, state: Any, table: TokenTable, guarding: Guarding) -> None:
        super().__init__(order, choice, state, table)
        self._guarding = guarding
        self._watch = guarding.watch(order.request.prompt)
        self._redraws = _Redraws()
        self._held: list[_Held] = []
        self._letters: str | None = "" if self._watch.is_whole else None  # those that wait, where nothing else does
        self._usual = self.uniforms
        self.outlet = _outlet(order, choice, self._watch)

    def take(self, token: int, logprob: float, logits: Floats) -> FinishReason | None:
        self.advance(token)
        self.allowed, self.uniforms = None, self._usual
        ended = token == self.table.end
        wanted = self.order.request.logprobs
        alternatives = () if wanted == 0 else self.table.alternatives(logits, wanted)
        self._held.append(_new(_Held, (self.table.alone[token], self.table.bytes[token], logprob, alternatives)))
        self.pieces += 1
        if ended or self.pieces >= self.most:
            return self._end("end" if ended else "length")
        shown, letters = self.table.shown[token], self._letters
        if self._guarding.inside[token]:
            self._letters = None if letters is None or shown is None else letters + shown
            return None
        if letters is None or not self._guarding.parting[token] or not self.outlet.clean:
            return self._settle()
        self._letters = ""
        if self._watch.closes(letters):
            self._take_back(0)
        else:
            self._let_out()
        return None

    def finish(self, reason: FinishReason) -> None:
        if self._held:  # the time is over: a word that would complete a run is left out
            repeated = self._watch.repeated(self._waiting())
            kept = len(self._held) if repeated is None else self._place_of(repeated)
            self.drawn -= len(self._held) - kept
            del self._held[kept:]
            self._release(kept)
        super().finish(reason)

    def _is_plain(self) -> bool:
        return False

    def _settle(self) -> FinishReason | None:
        """A word is whole: it goes out, or the text goes back."""
        data = self._waiting()
        settled = self._watch.settled(data)
        reason = None if self._goes_back(data[:settled]) else self._release(self._place_of(settled))
        self._letters = None if self._held or not self._watch.is_whole else ""
        return reason

    def _end(self, reason: FinishReason) -> FinishReason | None:
        """The text is over, unless its last word sends it back."""
        if self._goes_back(self._waiting()):
            self._letters = None if self._held else ""
            return None
        return self._release(len(self._held), last=True) or reason

    def _goes_back(self, data: bytes) -> bool:
        repeated = self._watch.repeated(data)
        if repeated is None:
            return False
        self._take_back(self._place_of(repeated))
        return True

    def _take_back(self, kept: int) -> None:
        """Only the first tokens that wait are kept."""
        undone = len(self._held) - kept
        del self._held[kept:]
        self.pieces -= undone
        self._redraws.go_back(self, len(self.ids) - undone, self._guarding)

    def _let_out(self) -> None:
        """Hands out all that waits, whole characters that can be part of no stop text."""
        for token_ids, data, logprob, alternatives in self._held:
            shown = self.table.shown[token_ids[0]] or ""
            self.append(_new(Piece, (self.choice, token_ids, data, shown, logprob, alternatives, True)))
        self._held.clear()

    def _release(self, count: int, *, last: bool = False) -> FinishReason | None:
        """Hands the first tokens that wait out; what is drawn beyond a stop text does not count."""
        leaving, self._held = self._held[:count], self._held[count:]
        self._watch.read(b"".join([each.bytes for each in leaving]))
        for place, (token_ids, data, logprob, alternatives) in enumerate(leaving, start=1):
            if self.outlet.put(token_ids, data, logprob, alternatives, last=last and place == count):
                self.drawn -= count - place + len(self._held)
                self._held.clear()
                return "stop"
        return None

    def _waiting(self) -> bytes:
        return b"".join([each.bytes for each in self._held])

    def _place_of(self, byte: int) -> int:
        """Which of the tokens that wait has this byte; all of them where it comes after them."""
        return _token_at([each.bytes for each in self._held], byte)


class GuardedUnitText(UnitText):
    """One choice, unit by unit: one that would complete a run is drawn again."""

    __slots__ = ("_begun", "_guarding", "_redraws", "_usual", "watch")

    def __init__(
        self,
        order: Order,
        choice: int,
        state: Any,
        table: TokenTable,
        unit: Unit,
        unit_map: UnitMap,
        guarding: Guarding,
    ) -> None:
        super().__init__(order, choice, state, table, unit, unit_map)
        self._guarding = guarding
        self.watch = guarding.watch(order.request.prompt)
        self._redraws = _Redraws()
        self._usual = self.uniforms
        self._begun = len(self.ids)  # where the unit begins among them
        self.outlet = _outlet(order, choice, self.watch)

    def take(self, token: int, logprob: float, logits: Floats) -> FinishReason | None:
        self.uniforms = self._usual
        return super().take(token, logprob, logits)

    def continue_from(self, other: Text) -> None:
        super().continue_from(other)
        assert isinstance(other, GuardedUnitText)
        self.watch = other.watch.copy()
        self._begun = len(self.ids)

    def refuses(self, text: str) -> bool:
        """Whether a unit may not come next, because it would complete a run."""
        return self.watch.repeated(text.encode()) is not None

    def _goes_back(self) -> bool:
        spelt = [self.table.bytes[drawn.token] for drawn in self._unit]
        repeated = self.watch.repeated(b"".join(spelt))
        if repeated is None:
            return False
        kept = _token_at(spelt, repeated)
        del self._unit[kept:]
        self._cursor = Cursor(self._grammar)
        for data in spelt[:kept]:
            self._cursor.feed(data)
        self._doubt = None
        self._redraws.go_back(self, self._begun + kept, self._guarding)
        if self.apart and not kept and self.allowed is not None:
            self.allowed &= self._unit_map.closing
        return True

    def _close(self, closing: float = 0.0, *, last: bool = False) -> bool:
        self._begun += len(self._unit)
        self.watch.read(self.table.joined([drawn.token for drawn in self._unit]))
        return super()._close(closing, last=last)


class _GuardedOutlet(Outlet):
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


def text_of(order: Order, choice: int, state: Any, table: TokenTable, guarding: Guarding | None) -> Text:
    """A text token by token, guarded where its model is."""
    if guarding is None:
        return Text(order, choice, state, table)
    return GuardedText(order, choice, state, table, guarding)


def unit_text_of(
    order: Order,
    choice: int,
    state: Any,
    table: TokenTable,
    unit: Unit,
    unit_map: UnitMap,
    guarding: Guarding | None,
) -> UnitText:
    """A text in units, guarded where its model is."""
    if guarding is None:
        return UnitText(order, choice, state, table, unit, unit_map)
    return GuardedUnitText(order, choice, state, table, unit, unit_map, guarding)


def _outlet(order: Order, choice: int, watch: Watch) -> Outlet:
    stop = order.request.stop
    return _GuardedOutlet(order, choice, watch) if stop else Outlet(choice, order.append, stop)


def _token_at(spelt: Sequence[bytes], byte: int) -> int:
    """Which of some tokens has this byte; their number where it comes after them."""
    for place, data in enumerate(spelt):
        if byte < len(data):
            return place
        byte -= len(data)
    return len(spelt)
