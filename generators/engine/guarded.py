"""Texts that never repeat their model's training text: a word is handed out once it is known to complete no run.

A word that would complete one is taken back, and the text drawn again from before it, without the token that it began
with. The draws there have uniform numbers of their own, so that the seed decides them, too. Texts in units are looked
at unit by unit, as readers get them; plain ones stream a word late.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from generators.completion import Alternative, FinishReason, Piece
from generators.engine.guarding import Guarding, Redraws, outlet_of, token_at
from generators.engine.texts import Order, Text
from generators.engine.tokens import TokenTable
from generators.sampling import Row

_new: Final = tuple.__new__  # a named tuple's own constructor takes three times as long


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
        self._redraws = Redraws()
        self._held: list[_Held] = []
        self._letters: str | None = "" if self._watch.is_whole else None  # those that wait, where nothing else does
        self._usual = self.uniforms
        self.outlet = outlet_of(order, choice, self._watch)

    def take(self, token: int, logprob: float, row: Row) -> FinishReason | None:
        self.advance(token)
        self.allowed, self.uniforms = None, self._usual
        ended = token == self.table.end
        wanted = self.order.request.logprobs
        alternatives = () if wanted == 0 else self.table.alternatives(row(), wanted)
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
        return token_at([each.bytes for each in self._held], byte)


def text_of(order: Order, choice: int, state: Any, table: TokenTable) -> Text:
    """A text token by token, guarded where its model is."""
    guarding = order.voice.guarding
    if guarding is None:
        return Text(order, choice, state, table)
    return GuardedText(order, choice, state, table, guarding)
