"""A step of the model: whose tokens it reads, what becomes of the answers, and the draws after it."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from generators.completion import FinishReason, Piece
from generators.engine.continuations import Continuations
from generators.engine.draws import NotFinite, check, drawn, drawn_alone, drawn_there
from generators.engine.faults import Faults, Shortages
from generators.engine.meter import Meter
from generators.engine.room import Room
from generators.engine.texts import Text
from generators.engine.tokens import TokenTable
from generators.engine.waiting import Waiting
from generators.engine.work import CHUNK, Member, Reading, Searching
from generators.model import DeviceLogits, Draws, Model
from generators.sampling import Floats

READ: Final = 512  # prompt tokens in a step, over all prompts; as much work as eight steps of 64 texts
LEAST_CHUNK: Final = 8
# Logits that a model is asked for at once where all are wanted: 16 MB, a little more than a full step of 64 texts gives
# of GPT-2's 50,257 tokens anyhow. So 79 tokens of its prompts are scored in a step, and READ of a char-RNN's.
LOGITS: Final = 4_000_000
MOMENT: Final = 0.001  # seconds that a lone text goes on before the engine looks who else has come

_new: Final = tuple.__new__  # a named tuple's own constructor takes three times as long, and this is once a character


class Stepping:
    """Takes steps.

    Args:
        model: nobody else extends its states.
        table: of its vocabulary.
        waiting: those who take part.
        room: how many of them find a place.
        continuations: see to texts that do not simply take the next step.
        faults: take what goes wrong.
        shortages: are told how many take part.
        meter: counts.
    """

    def __init__(
        self,
        model: Model[Any],
        table: TokenTable,
        waiting: Waiting,
        room: Room,
        *,
        continuations: Continuations,
        faults: Faults,
        shortages: Shortages,
        meter: Meter,
    ) -> None:
        self._model = model
        self._table = table
        self._waiting = waiting
        self._schedule = waiting.schedule
        self._room = room
        self._extend = model.extend_there if isinstance(model, Draws) and model.draws else model.extend
        self._faults = faults
        self._shortages = shortages
        self._meter = meter
        self._draw_next = continuations.draw_next
        self._go_on = continuations.go_on
        self._most_scored = max(1, LOGITS // model.vocabulary.size)  # tokens in a call
        self._members: Sequence[Member] | None = None
        self._texts: list[Text] = []
        self._others: list[Reading | Searching] = []

    def let_go(self) -> None:
        """While nobody writes, no memory is held for those who took the last step."""
        self._members, self._texts, self._others = None, [], []
        self._shortages.taken = 0

    def advance(self) -> None:
        """Takes the texts whose turn it is a token further."""
        members = self._schedule.pick(self._room.now)
        self._meter.batch.observe(len(members))
        if members is not self._members:
            self._members = members
            self._shortages.taken = len(members)
            self._texts = [member for member in members if isinstance(member, Text)]
            self._others = [member for member in members if not isinstance(member, Text)]
        texts, waiting = self._texts, self._waiting
        if len(members) == 1 and texts and texts[0].plain and not waiting.ready:
            self._advance_alone(texts[0])
            return
        logits = self._extended(texts, self._others)
        if logits is None:
            texts = []
        elif [text for text in texts if text.wants_search]:
            kept = [place for place, text in enumerate(texts) if not text.wants_search]
            for text, row in zip(texts, logits, strict=True):
                if text.wants_search:
                    self._schedule.remove(text)
                    text.pending = ()
                    with self._faults.blaming(text):
                        check([row])
                        self._draw_next(text, row)
            texts, logits = [texts[place] for place in kept], logits[kept]
        ready, waiting.ready = waiting.ready, []
        if texts and logits is not None:
            with self._faults.blaming(*texts):
                self._draw(texts, logits)
        if ready:
            self._draw_first(ready)

    def _draw_first(self, ready: Sequence[tuple[Text, Floats]]) -> None:
        """Draws for texts that have their logits from elsewhere than this step."""
        texts = [text for text, _ in ready]
        for text in texts:
            self._schedule.add(text)
        self._meter.first_tokens([text.order for text in texts])
        with self._faults.blaming(*texts):
            self._draw(texts, np.stack([row for _, row in ready]))

    def _advance_alone(self, text: Text) -> None:
        """A text that nobody shares the step with goes on for a moment; else half of a small model's time is ours."""
        until = time.perf_counter() + MOMENT
        faults, members = self._faults, [text]
        with faults.blaming(text):
            while (logits := self._answers(members, [text.state], [text.pending])) is not None:
                goes_on = text.drawn + 1 < text.brief  # else it ends, or leaves the schedule to be read again
                self._draw(members, logits)
                alone = goes_on and text.plain and not (text.over or text.order.gone or faults.noted)
                if not alone or time.perf_counter() >= until:
                    return

    def _extended(self, texts: list[Text], others: list[Reading | Searching]) -> Floats | DeviceLogits | None:
        """The logits of the texts after their pending tokens; the others are given theirs. None after a fault."""
        states = [text.state for text in texts]
        tokens: list[Sequence[int]] = [text.pending for text in texts]
        sharing: list[tuple[Reading | Searching, int]] = []
        readers = [member for member in others if isinstance(member, Reading)]
        alone = len(readers) == len(texts) + len(others)
        for reading in readers:
            self._meter.first_step(reading.order)
            reading.chunk = min(READ if alone else CHUNK, self._room.share(READ // len(readers), LEAST_CHUNK))
        scored = self._scored(readers) if readers else []
        for member in others:
            if not member.wants_all:
                rows = member.rows()
                sharing.append((member, len(rows)))
                states += [state for state, _ in rows]
                tokens += [ids for _, ids in rows]
        if scored:
            self._score(scored)
        if not states:
            return None
        logits = self._answers([*texts, *(member for member, _ in sharing)], states, tokens)
        if logits is None:
            return None
        at = len(texts)
        for member, count in sharing:
            if not member.order.gone:
                with self._faults.blaming(member):
                    answers = list(logits[at : at + count])
                    check(answers)
                    member.take(answers)
            at += count
        return logits[: len(texts)]

    def _answers(
        self, members: Sequence[Member], states: list[Any], tokens: list[Sequence[int]]
    ) -> Floats | DeviceLogits | None:
        """The model's logits after each state's tokens; None where the step could not be taken."""
        try:
            logits = self._extend(states, tokens)
        except Exception as fault:
            self._faults.not_taken(members, fault)
            return None
        self._room.went_well()
        return logits

    def _scored(self, readers: Sequence[Reading]) -> list[Reading]:
        """Those of which all logits are wanted, with chunks that share what there may be of them."""
        scored = [reading for reading in readers if reading.wants_all]
        for reading in scored:
            reading.shorten(LOGITS // len(scored))
        return [reading for reading in scored if reading.wants_all]

    def _score(self, readings: Sequence[Reading]) -> None:
        """Reads on where logits are wanted after each token; in one go, unless each has a token and those are many."""
        for at in range(0, len(readings), self._most_scored):
            going = readings[at : at + self._most_scored]
            own = [reading.rows()[0] for reading in going]
            try:
                found = self._model.extend([state for state, _ in own], [ids for _, ids in own], "all")
            except Exception as fault:
                self._faults.not_taken(going, fault)
                continue
            for reading, answer in zip(going, found, strict=True):
                with self._faults.blaming(reading):
                    check([answer])
                    reading.take([answer])

    def _draw(self, texts: list[Text], logits: Floats | DeviceLogits) -> None:
        """Draws each text's next token and hands its piece out."""
        if isinstance(logits, np.ndarray):
            if len(texts) == 1:
                self._draw_alone(texts[0], logits)
                return
            most = logits.max(axis=1)
            if not math.isfinite(sum(most.tolist())):
                kept = self._sound(texts, np.isfinite(most).tolist())
                texts, logits, most = [texts[place] for place in kept], logits[kept], most[kept]
            tokens, logprobs = drawn(texts, logits, most, self._table) if texts else ([], [])
        else:
            tokens, logprobs = drawn_there(texts, logits, self._table)
            if not math.isfinite(sum(logprobs)):
                kept = self._sound(texts, [math.isfinite(logprob) for logprob in logprobs])
                texts, logits = [texts[place] for place in kept], logits[kept]
                tokens, logprobs = [tokens[place] for place in kept], [logprobs[place] for place in kept]
        self._meter.tokens += len(texts)
        for place, (text, token, logprob) in enumerate(zip(texts, tokens, logprobs, strict=True)):
            try:  # costs nothing where nothing is raised, as `Faults.blaming` would
                self._hand_out(text, token, logprob, logits, place)
            except Exception as fault:
                self._faults.blame((text,), fault)

    def _draw_alone(self, text: Text, logits: Floats) -> None:
        """`_draw` for one text, in half of the calls."""
        row = logits[0]
        most = row.max()
        if not math.isfinite(most):
            self._faults.note((text,), NotFinite())
            return
        token, logprob = drawn_alone(text, row, most, self._table)
        self._meter.tokens += 1
        self._hand_out(text, token, logprob, logits, 0)

    def _hand_out(self, text: Text, token: int, logprob: float, logits: Floats | DeviceLogits, place: int) -> None:
        """Hands a drawn token's piece out, and sees to how the text goes on."""
        table = self._table
        if text.plain and (read := table.shown[token]) is not None:  # a character of an ordinary text: one call
            text.ids.append(token)
            text.pending = one = table.alone[token]
            text.drawn = text.pieces = count = text.drawn + 1
            text.append(_new(Piece, (text.choice, one, table.bytes[token], read, logprob, (), True)))
            if count < text.brief:
                return
            reason: FinishReason | None = "length" if count >= text.most else None
        else:
            reason = text.take(token, logprob, partial(logits.__getitem__, place))
        self._go_on(text, reason, partial(logits.__getitem__, place))

    def _sound(self, texts: Sequence[Text], finite: Sequence[bool]) -> list[int]:
        """Places of those that can be drawn for; a damaged adapter spoils no text of the others."""
        for text, sound in zip(texts, finite, strict=True):
            if not sound:
                self._faults.note((text,), NotFinite())
        return [place for place, sound in enumerate(finite) if sound]
