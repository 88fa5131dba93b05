"""Continuous batching: which texts go on, and what becomes of each after a step. One thread calls all of this."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import numpy as np

from generators.completion import Alternative, Finished, FinishReason, Piece
from generators.engine.alternatives import Alternatives
from generators.engine.guarded import text_of
from generators.engine.guarded_units import unit_text_of
from generators.engine.intake import reserve, to_drop
from generators.engine.meter import METERS
from generators.engine.prefixes import PrefixCache
from generators.engine.room import Room
from generators.engine.schedule import Schedule
from generators.engine.steps import NotFinite, check, drawn
from generators.engine.stream import Bell
from generators.engine.texts import Order, Text
from generators.engine.tokens import TokenTable
from generators.engine.unit_texts import UnitText
from generators.engine.voices import Voice
from generators.engine.work import CHUNK, Echo, Member, Reading, Searching
from generators.errors import ModelFailed, UserError
from generators.model import Model, OutOfMemory
from generators.sampling import Floats
from generators.units import UnitMap

READ: Final = 512  # prompt tokens in a step, over all prompts; as much work as eight steps of 64 texts
LEAST_CHUNK: Final = 8
MOMENT: Final = 0.001  # seconds that a lone text goes on before the engine looks who else has come

_log: Final = logging.getLogger(__name__)
_new: Final = tuple.__new__  # a named tuple's own constructor takes three times as long, and this is once a character


class Batching:
    """The orders of one model, and its steps.

    Args:
        model: nobody else uses it.
        max_batch: texts in a step.
        cache_bytes: for states that may be asked for again.

    Attributes:
        left: choices that have been finished or dropped so far.
        ended: bells of readers whose last event came since they were last rung.
    """

    def __init__(self, model: Model[Any], max_batch: int, cache_bytes: int) -> None:
        self.model = model
        self.table = TokenTable(model.vocabulary)
        self.unit_map = UnitMap(model.vocabulary)
        self.cache: PrefixCache[Any] = PrefixCache(cache_bytes)
        self.meter = METERS.open(model.info.name)
        self.left = 0
        self.ended: set[Bell] = set()
        self._room = Room(max_batch)
        self._context = model.info.context
        self._schedule: Schedule[Member] = Schedule()
        self._orders: set[Order] = set()
        self._ready: list[tuple[Text, Floats]] = []  # may draw without a step of the model
        self._members: Sequence[Member] | None = None
        self._texts: list[Text] = []
        self._others: list[Reading | Searching] = []
        self._faults: list[tuple[Sequence[Member], Exception]] = []  # of this step, and whose they are
        self._next_deadline = math.inf
        self._alternatives = Alternatives(
            model,
            self.table,
            self.unit_map,
            self._schedule,
            found=self._found,
            draw_next=self._draw_next,
        )

    @property
    def busy(self) -> bool:
        """Whether there is anything to do in a step."""
        return len(self._schedule) > 0 or bool(self._ready)

    @property
    def places(self) -> int:
        """Texts that a step takes at present."""
        return self._room.now

    # Orders come and go.

    def admit(self, order: Order) -> None:
        """Takes an order in; what is kept of its prompt need not be read again."""
        try:
            self._admit(order)
        except Exception as fault:
            self._fail([order], fault)

    def _admit(self, order: Order) -> None:
        self._orders.add(order)
        if order.deadline is not None:
            self._next_deadline = min(self._next_deadline, order.deadline)
        echo = None if order.score_from is None else Echo(order, order.score_from, self.table, self.unit_map)
        known = order.fed if order.score_from is None else order.fed[: order.score_from]
        kept = self.cache.longest(order.voice.number, known)
        if kept is None:
            reading = Reading(order, order.fed, order.voice.start(), 0, None, self._begin, echo)
        else:
            state = self.model.fork(kept.state)
            reading = Reading(order, order.fed, state, kept.length, kept.logits, self._begin, echo)
        self.meter.found += reading.position
        self.meter.read += len(order.fed) - reading.position
        self._schedule.add(reading)
        if reading.over:
            self._first_step(order)
            self._begin(reading)

    def drop(self, order: Order, fault: BaseException | None = None) -> None:
        """Forgets an order, whatever has become of it; a fault is told its reader."""
        if order.gone:
            return
        self._orders.discard(order)
        order.held, order.held_ready = [], []
        for inner in (order, *order.inner):
            inner.gone = True
            for member in [member for member in self._schedule if member.order is inner]:
                self._schedule.remove(member)
        self._ready = [(text, logits) for text, logits in self._ready if not text.order.gone]
        self.left += order.unfinished
        order.unfinished = 0
        order.release()
        order.finish(fault)
        if order.bell is not None:
            self.ended.add(order.bell)
        self._let_go()

    def forget(self, voice: Voice) -> None:
        """A voice that nobody will write with any more: what is kept of its texts is given up."""
        self.cache.forget(voice.number)

    def hold(self, order: Order) -> None:
        """Takes no step for an order whose reader is behind; it keeps its place among those that may wait."""
        if order.gone:
            return
        family = (order, *order.inner)
        members = [member for member in self._schedule if member.order in family]
        for member in members:
            self._schedule.remove(member)
        ready = [(text, logits) for text, logits in self._ready if text.order in family]
        order.held, order.held_ready = [*order.held, *members], [*order.held_ready, *ready]
        self._ready = [(text, logits) for text, logits in self._ready if text.order not in family]

    def go_on(self, order: Order) -> None:
        """The reader has read what there was."""
        held, ready = order.held, order.held_ready
        order.held, order.held_ready = [], []
        if order.gone:
            return
        for member in held:
            self._schedule.add(member)
        self._ready += ready

    def expire(self, now: float) -> None:
        """Ends the texts whose time is over, with what there is."""
        if now < self._next_deadline:
            return
        for order in [order for order in self._orders if order.deadline is not None and order.deadline <= now]:
            try:
                self._give_up(order)
            except Exception as fault:
                self._fail([order], fault)
        self._next_deadline = min(
            (order.deadline for order in self._orders if order.deadline is not None), default=math.inf
        )

    def end(self, fault: BaseException) -> None:
        """Ends everything."""
        for order in tuple(self._orders):
            self.drop(order, fault)

    def _let_go(self) -> None:
        """While nobody writes, no memory is held for those who took the last step."""
        if not self.busy:
            self._members, self._texts, self._others = None, [], []

    def _give_up(self, order: Order) -> None:
        if not order.texts:
            for choice in range(order.request.n) if order.most else (-1,):
                order.append(Finished(choice, "deadline", order.prompt_tokens, 0))
        for text in order.texts:
            if not text.over:
                if isinstance(text, UnitText):
                    text.give_up()
                text.finish("deadline")
        self.drop(order)

    # A step.

    def step(self) -> None:
        """Takes the texts whose turn it is a token further; a fault is told those whose it is once the step is over."""
        began = time.perf_counter()
        self._advance()
        self.meter.steps.observe(time.perf_counter() - began)
        faults, self._faults = self._faults, []
        for members, fault in faults:
            self._fail([member.order for member in members], fault)
        self._let_go()

    def _advance(self) -> None:
        members = self._schedule.pick(self._room.now)
        self.meter.batch.observe(len(members))
        if members is not self._members:
            self._members = members
            self._texts = [member for member in members if isinstance(member, Text)]
            self._others = [member for member in members if not isinstance(member, Text)]
        texts = self._texts
        if len(members) == 1 and texts and texts[0].plain and not self._ready:
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
                    with self._blaming(text):
                        check([row])
                        self._draw_next(text, row)
            texts, logits = [texts[place] for place in kept], logits[kept]
        if self._ready:
            ready, self._ready = self._ready, []
            rows = [row[None] for _, row in ready]
            for text, _ in ready:
                self._schedule.add(text)
            texts = [*texts, *(text for text, _ in ready)]
            self._first_tokens([text.order for text, _ in ready])
            logits = np.concatenate(rows if logits is None or not len(logits) else [logits, *rows])
        if texts and logits is not None:
            with self._blaming(*texts):
                self._draw(texts, logits)

    def _advance_alone(self, text: Text) -> None:
        """A text that nobody shares the step with goes on for a moment; else half of a small model's time is ours."""
        until = time.perf_counter() + MOMENT
        alone = True
        while alone and (logits := self._extended([text], [])) is not None:
            goes_on = text.drawn + 1 < text.brief  # else it ends, or leaves the schedule to be read again
            with self._blaming(text):
                self._draw([text], logits)
            alone = goes_on and text.plain and not (text.order.gone or self._faults) and time.perf_counter() < until

    def _extended(self, texts: list[Text], others: list[Reading | Searching]) -> Floats | None:
        """The logits of the texts after their pending tokens; the others are given theirs. None after a fault."""
        states = [text.state for text in texts]
        tokens: list[Sequence[int]] = [text.pending for text in texts]
        sharing: list[tuple[Reading | Searching, int]] = []
        readers = [member for member in others if isinstance(member, Reading)]
        alone = len(readers) == len(texts) + len(others)
        for reading in readers:
            self._first_step(reading.order)
            reading.chunk = min(READ if alone else CHUNK, self._room.share(READ // len(readers), LEAST_CHUNK))
        for member in others:
            if not member.wants_all:
                rows = member.rows()
                sharing.append((member, len(rows)))
                states += [state for state, _ in rows]
                tokens += [ids for _, ids in rows]
        scored = [reading for reading in readers if reading.wants_all]
        if scored:
            own = [reading.rows()[0] for reading in scored]
            try:
                found = self.model.extend([state for state, _ in own], [ids for _, ids in own], "all")
            except Exception as fault:
                self._not_taken(scored, fault)
            else:
                for reading, answer in zip(scored, found, strict=True):
                    with self._blaming(reading):
                        check([answer])
                        reading.take([answer])
        if not states:
            return None
        try:
            logits = self.model.extend(states, tokens)
        except Exception as fault:
            self._not_taken([*texts, *(member for member, _ in sharing)], fault)
            return None
        self._room.went_well()
        at = len(texts)
        for member, count in sharing:
            if not member.order.gone:
                with self._blaming(member):
                    answers = list(logits[at : at + count])
                    check(answers)
                    member.take(answers)
            at += count
        return logits[: len(texts)]

    def _first_step(self, order: Order) -> None:
        if not order.begun:
            order.begun = True
            self.meter.queue.observe(time.monotonic() - order.asked)

    def _first_tokens(self, orders: Iterable[Order]) -> None:
        """Notes those among these whose first token is drawn now; not of samples, which nobody has asked for."""
        for order in orders:
            if not order.told and order.outer is None:
                order.told = True
                self.meter.first.observe(time.monotonic() - order.asked)

    def _draw(self, texts: list[Text], logits: Floats) -> None:
        """Draws each text's next token and hands its piece out."""
        most = logits.max(axis=1)
        if not math.isfinite(sum(most.tolist())):
            texts, logits, most = self._sound(texts, logits, most)
            if not texts:
                return
        self.meter.tokens += len(texts)
        tokens, logprobs = drawn(texts, logits, most, self.table)
        shown, alone, data = self.table.shown, self.table.alone, self.table.bytes
        for place, (text, token, logprob) in enumerate(zip(texts, tokens, logprobs, strict=True)):
            try:  # costs nothing where nothing is raised
                if text.plain and (read := shown[token]) is not None:  # a character of an ordinary text: no call at all
                    text.ids.append(token)
                    text.pending = one = alone[token]
                    text.drawn = text.pieces = count = text.drawn + 1
                    text.append(_new(Piece, (text.choice, one, data[token], read, logprob, (), True)))
                    if count < text.brief:
                        continue
                    reason: FinishReason | None = "length" if count >= text.most else None
                else:
                    reason = text.take(token, logprob, logits[place])
                self._go_on(text, reason, logits[place])
            except Exception as fault:
                self._faults.append(((text,), fault))

    def _sound(self, texts: list[Text], logits: Floats, most: Floats) -> tuple[list[Text], Floats, Floats]:
        """Those that can be drawn for; a damaged adapter spoils no text of the others."""
        finite = np.isfinite(most)
        self._faults += [((text,), NotFinite()) for text, sound in zip(texts, finite, strict=True) if not sound]
        kept = np.flatnonzero(finite)
        return [texts[place] for place in kept], logits[kept], most[kept]

    def _go_on(self, text: Text, reason: FinishReason | None, logits: Floats) -> None:
        """Finishes a text, or sees to what it needs before its next step; it is in the schedule."""
        if reason is not None:
            self._finish(text, reason, logits)
        elif text.turned_back:
            self._schedule.remove(text)
            self._read_back(text)
        elif isinstance(text, UnitText) and text.border is not None:
            self._schedule.remove(text)
            self._alternatives.look_for(text, *text.border)
        elif text.drawn >= text.room:
            self._schedule.remove(text)
            self._read_again(text)

    def _finish(self, text: Text, reason: FinishReason, logits: Floats) -> None:
        """Ends a text in the schedule, whose state the logits were drawn from."""
        self._schedule.remove(text)
        text.finish(reason)
        order = text.order
        if order.outer is None:
            read = text.ids[text.base : len(text.ids) - len(text.pending)]
            self._keep(order, read, text.state, logits)
            self.left += 1
        text.state = None  # whoever reads slowly keeps no memory of the model's
        order.unfinished -= 1
        if not order.unfinished:
            self._orders.discard(order)
            order.gone = True
            order.release()
            order.finish(None)
            if order.bell is not None:
                self.ended.add(order.bell)

    @contextmanager
    def _blaming(self, *members: Member) -> Iterator[None]:
        """What is raised here is the fault of these; they stay where they are until the step is over."""
        try:
            yield
        except Exception as fault:
            if isinstance(fault, OutOfMemory):
                self._make_do()
            self._faults.append((members, fault))

    def _not_taken(self, members: Sequence[Member], fault: Exception) -> None:
        """A step ends those who were in it, unless it was memory that it lacked and there is a smaller one."""
        if not (isinstance(fault, OutOfMemory) and self._make_do()):
            self._faults.append((members, fault))

    def _make_do(self) -> bool:
        """Memory did not suffice: what is kept is given up, and steps are smaller; False where they are smallest."""
        self.meter.shortages += 1
        self.cache.clear()
        smaller = self._room.shrink(len(self._members) if self._members else self._room.now)
        if smaller:
            name, now = self.model.info.name, self._room.now
            _log.warning("memory does not suffice for %s, whose steps take at most %d texts for a while", name, now)
        return smaller

    def fail(self, fault: Exception) -> None:
        """Something of ours raised, nobody knows whose fault: all are told, because any may have been left halfway."""
        self._faults.clear()
        self._fail(self._orders, fault)

    def _fail(self, orders: Iterable[Order], fault: Exception) -> None:
        """Ends these by a fault, and nobody else."""
        ended = {order.outer or order for order in orders}
        self.meter.failed += sum(not order.gone for order in ended)
        _log.error("the model %s failed, and with it %d requests", self.model.info.name, len(ended), exc_info=fault)
        told = fault if isinstance(fault, UserError) else ModelFailed(f"{self.model.info.name}: {fault}")
        for order in ended:
            self.drop(order, told)

    # From a prompt to its texts.

    def _begin(self, reading: Reading) -> None:
        """The prompt has been read: its choices begin."""
        order, state, logits = reading.order, reading.state, reading.logits
        assert logits is not None
        self._schedule.remove(reading)
        self._keep(order, order.fed, state, logits)
        if reading.echo is not None:
            reading.echo.close(logits)
        if not order.most:
            order.append(Finished(-1, "length", order.prompt_tokens, 0))
            self.drop(order)
            return
        for choice in range(order.request.n):
            self._start(order, choice, self.model.fork(state) if choice else state, logits)

    def _start(self, order: Order, choice: int, state: Any, logits: Floats) -> None:
        unit = order.request.unit
        if unit is None:
            text = text_of(order, choice, state, self.table)
        else:
            text = unit_text_of(order, choice, state, self.table, unit, self.unit_map)
        self._make_room(text)
        order.texts.append(text)
        self._draw_next(text, logits)

    def _read_again(self, text: Text) -> None:
        """The context is full: the text goes on after its later part alone."""
        assert self._context is not None
        text.base += max(1, to_drop(len(text.ids) - text.base + 1, self._context))
        text.pending = ()
        self._read(text, text.order.voice.start(), 0)

    def _read_back(self, text: Text) -> None:
        """The text has taken back what it drew last: it goes on after what is left of it."""
        text.turned_back = False
        if text.base >= len(text.ids):  # the context was full meanwhile
            text.base = to_drop(len(text.ids), self._context)
        left = text.ids[text.base :]
        voice = text.order.voice
        kept = self.cache.longest(voice.number, left[:-1])  # without the last token, whose logits are wanted
        self._read(text, *((voice.start(), 0) if kept is None else (self.model.fork(kept.state), kept.length)))

    def _read(self, text: Text, state: Any, position: int) -> None:
        """Lets a text go on after all of it is in this state, which has been through its first tokens."""
        self._make_room(text)

        def resume(reading: Reading) -> None:
            assert reading.logits is not None
            self._schedule.remove(reading)
            text.state = reading.state
            self._draw_next(text, reading.logits)

        self._schedule.add(Reading(text.order, text.ids[text.base :], state, position, None, resume))

    def _draw_next(self, text: Text, logits: Floats) -> None:
        """A text outside the schedule, whose state has been through all of it, goes on from these logits."""
        if isinstance(text, UnitText) and text.wants_search:
            self._alternatives.look_for(text, text.state, logits)
        else:
            self._ready.append((text, logits))

    def _make_room(self, text: Text) -> None:
        """Counts the draws until the context is full; units need some of it for what is looked at ahead."""
        if self._context is not None:
            free = self._context - (len(text.ids) - text.base)
            if text.order.request.unit is not None:
                free -= reserve(self._context)
            text.room = text.drawn + max(1, free)
            text.brief = min(text.most, text.room)

    def _keep(self, order: Order, tokens: Sequence[int], state: Any, logits: Floats) -> None:
        try:
            kept = self.model.fork(state)
        except OutOfMemory:
            self._make_do()
        else:
            self.cache.keep(order.voice.number, tokens, kept, logits, self.model.nbytes(kept))

    def _found(self, text: UnitText, alternatives: tuple[Alternative, ...], exact: bool, logits: Floats) -> None:
        """The alternatives that a text outside the schedule has waited for."""
        reason = text.found(alternatives, exact)
        if text.turned_back:
            self._read_back(text)
            return
        if reason is None and not text.pending:
            self._draw_next(text, logits)
            return
        self._schedule.add(text)
        self._go_on(text, reason, logits)
