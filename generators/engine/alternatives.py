"""Alternatives for a text's next unit: words and tokens are searched for, sentences drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from generators.completion import Alternative, Event, Piece, Unit
from generators.engine.guarded_units import GuardedUnitText, unit_text_of
from generators.engine.schedule import Schedule
from generators.engine.search import Search
from generators.engine.texts import Order, Text
from generators.engine.tokens import TokenTable
from generators.engine.unit_texts import UnitText
from generators.engine.work import Member, Searching
from generators.model import Model
from generators.sampling import Floats
from generators.units import UnitMap

SAMPLES: Final = 4  # sentences drawn for each that is wanted


class Alternatives:
    """Looks for what could stand next, for texts that wait outside the schedule meanwhile.

    Args:
        model, table, unit_map: the engine's.
        schedule: where searches and samples wait for their turns.
        found: is told a text's alternatives, whether they are certain, and the logits that the text goes on from.
        draw_next: takes samples in, with the logits that they begin from.
    """

    def __init__(
        self,
        model: Model[Any],
        table: TokenTable,
        unit_map: UnitMap,
        schedule: Schedule[Member],
        *,
        found: Callable[[UnitText, tuple[Alternative, ...], bool, Floats], None],
        draw_next: Callable[[Text, Floats], None],
    ) -> None:
        self._model = model
        self._table = table
        self._unit_map = unit_map
        self._schedule = schedule
        self._found = found
        self._draw_next = draw_next

    def look_for(self, text: UnitText, state: Any, logits: Floats) -> None:
        """Begins to look for the unit after a state, which nobody changes meanwhile."""
        unit = text.order.request.unit or Unit.TOKEN
        wanted = text.order.request.logprobs or 0
        if unit is Unit.SENTENCE:
            self._draw_samples(text, state, logits, SAMPLES * wanted)
            return
        context = self._model.info.context  # what is looked at ahead has to fit it, too
        search = Search(
            unit,
            wanted,
            state,
            logits,
            vocabulary=self._model.vocabulary,
            unit_map=self._unit_map,
            fork=self._model.fork,
            apart=text.apart,
            longest=None if context is None else max(1, context - len(text.ids) + text.base + 1),
            refuses=text.refuses if isinstance(text, GuardedUnitText) else None,
        )
        text.so_far = search.alternatives
        searching = Searching(text, search, logits, self._searched)
        self._schedule.add(searching)
        if searching.over:
            self._searched(searching)

    def _searched(self, searching: Searching) -> None:
        self._schedule.remove(searching)
        search = searching.search
        self._found(searching.text, search.alternatives(), search.exact, searching.logits)

    def _draw_samples(self, text: UnitText, state: Any, logits: Floats, count: int) -> None:
        """Writes the next sentence many times over; the first time as the text itself will."""
        order = text.order
        events: list[Event] = []
        text.so_far = partial(_sentences, events, order.request.logprobs or 0, self._table.end)

        def finish(fault: BaseException | None) -> None:
            if fault is None and not order.gone:
                self._found(text, text.so_far(), False, logits)

        inner: Order = replace(
            order,
            request=replace(order.request, logprobs=0, max_tokens=1, stop=(), n=1, echo=False),
            most=1,
            least=int(text.pieces < text.least),
            append=events.append,
            finish=finish,
            bell=None,
            deadline=None,
            unfinished=count,
            texts=[],
            inner=[],
            outer=order,
        )
        order.inner.append(inner)
        for sample in range(count):
            stream = text.choice | sample << 32  # of uniform numbers, which no choice of any request shares
            drawer = unit_text_of(inner, stream, self._model.fork(state), self._table, Unit.SENTENCE, self._unit_map)
            drawer.continue_from(text)
            inner.texts.append(drawer)
            self._draw_next(drawer, logits)


def _sentences(events: Sequence[Event], n: int, end: int) -> tuple[Alternative, ...]:
    """Different sentences among samples, the likeliest first."""
    found = {}
    for event in events:
        if isinstance(event, Piece):
            ended = event.token_ids[-1] == end
            text = "" if ended else event.text
            found[text] = Alternative(event.token_ids, text, event.logprob, ended)
    return tuple(sorted(found.values(), key=lambda each: (-each.logprob, each.text))[:n])
