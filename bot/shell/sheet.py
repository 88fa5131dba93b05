"""A text on which a person and a model write in turns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.games import show
from bot.games.ballot import Candidate
from bot.games.story import continuation
from bot.shell.errors import NoMove, NothingToTakeBack, NothingTyped
from bot.shell.output import note
from bot.shell.turns import seed_of
from bot.shell.writers import Desk, text_of
from generators.candidates import candidates, score
from generators.completion import Alternative, CompletionRequest, Finished, ModelInfo, Piece, Unit
from generators.errors import Phrase, Unsupported

if TYPE_CHECKING:
    from generators.completion import Generator

SHOWN: Final = 1_200  # characters of the text so far, of which the end is what one goes on from
PREFERRED: Final = (Unit.WORD, Unit.TOKEN)
DIGITS: Final = 4  # of a number that can be one of a candidate


class Offered(NamedTuple):
    """What could come next, the likeliest first, and the end of the text behind all others."""

    alternatives: tuple[Alternative, ...]

    def shown(self) -> str:
        """A numbered line for each with its probability among all that the model knows, and one for the rest."""
        offered = [
            Candidate(slot, one.text, one.token_ids, one.logprob, one.end) for slot, one in enumerate(self.alternatives)
        ]
        lines = [_line(f"{one.slot + 1:2}", one.logprob or 0.0, show.shown(one)) for one in offered]
        rest = show.other(offered)
        return "\n".join([*lines, _line("  ", math.log(rest) if rest else -math.inf, "other")])

    def chosen(self, typed: str) -> Alternative:
        """The candidate that a number stands for.

        Raises:
            NoMove: it is no number, or that of none of these.
        """
        number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < DIGITS else 0
        if not 1 <= number <= len(self.alternatives):
            raise NoMove(typed, len(self.alternatives))
        return self.alternatives[number - 1]


@dataclass(slots=True)
class Sheet:
    """The text so far, and whoever can add to it.

    Attributes:
        request: what every question to the model has in common: its prompt is what the text begins with.
        start: that prompt's tokens, as the model reads them.
        added: one entry for each addition of the person or the model, oldest first.
        draws: how many were drawn so far, those taken back among them, so that no draw repeats another.
    """

    generator: Generator
    info: ModelInfo
    request: CompletionRequest
    unit: Unit
    start: tuple[int, ...] = ()
    added: list[Alternative] = field(default_factory=list)
    draws: int = 0

    @property
    def text(self) -> str:
        """All of it, from its beginning."""
        return str(self.request.prompt) + "".join(one.text for one in self.added)

    @property
    def tokens(self) -> int:
        """How many tokens were added."""
        return sum(len(one.token_ids) for one in self.added)

    @property
    def over(self) -> bool:
        """Whether the text has come to its end, or is as long as it may be."""
        full = self.request.max_tokens is not None and self.tokens >= self.request.max_tokens
        return full or self.ended

    @property
    def ended(self) -> bool:
        """Whether the last addition was the end of the text."""
        return bool(self.added and self.added[-1].end)

    def shown(self) -> str:
        """The end of the text, as it can be read on a terminal."""
        return show.ending(self.text, SHOWN) or "(nothing yet)"

    async def offer(self) -> Offered:
        """The likeliest next units; the end of the text is the last of them, so that nobody takes it by habit.

        Raises:
            UserError: the model cannot say, or not now.
        """
        found = await candidates(
            self.generator,
            model=self.request.model,
            prompt=self._ids if self.start or self.added else self.request.prompt,
            unit=self.unit,
            after_unit=bool(self.added),
            n=self.request.logprobs or 1,
            seed=self.request.seed,
            label=self.request.label,
        )
        if not self.added:
            self.start = found.prompt
            if found.dropped:
                note(f"The first {found.dropped:,} tokens do not fit into what the model can look back on.")
        return Offered(tuple(sorted(found.alternatives, key=lambda one: one.end)))

    def add(self, one: Alternative) -> None:
        """Adds a candidate."""
        self.added.append(one)

    def take_back(self) -> None:
        """Takes the last addition back, never what the text began with.

        Raises:
            NothingToTakeBack: there is none.
        """
        if not self.added:
            raise NothingToTakeBack
        self.added.pop()

    async def add_own(self, typed: str) -> None:
        """Adds words of the person's own, with a space before them where they would run into the last word.

        Raises:
            UserError: there are none, or they cannot be used.
        """
        if not typed.strip():
            raise NothingTyped
        text = text_of(continuation(self.text, typed, self.unit), Phrase("your own text"))
        self.added.append(
            await score(
                self.generator,
                model=self.request.model,
                prompt_ids=self._ids,
                text=text,
                unit=self.unit,
                label=self.request.label,
            )
        )

    async def draw(self) -> None:
        """Lets the model add a unit, drawn by the temperature among all that it knows.

        A cycle of temperatures goes on with each addition. As elsewhere, a text that is shorter than the model's own
        least length is not ended by a draw.

        Raises:
            UserError: the model cannot, or not now.
        """
        cycle = self.info.sampling.temperature if self.request.temperature is None else (self.request.temperature,)
        asked = replace(
            self.request,
            prompt=self._ids,
            max_tokens=1,
            min_tokens=int(self.tokens < self.info.min_tokens),
            temperature=cycle[len(self.added) % len(cycle)],
            seed=seed_of(self.request.seed or 0, 0, self.draws),
            logprobs=0,
            unit=self.unit,
            after_unit=bool(self.added),
        )
        text, logprob, ended = "", 0.0, False
        token_ids: list[int] = []
        async with self.generator.complete(asked) as events:
            async for event in events:
                match event:
                    case Piece() if event.choice == 0:
                        text, logprob = text + event.text, logprob + event.logprob
                        token_ids += event.token_ids
                    case Finished():
                        ended = event.reason == "end"
        self.draws += 1
        self.added.append(Alternative(tuple(token_ids), text, logprob, ended))

    @property
    def _ids(self) -> tuple[int, ...]:
        return (*self.start, *chain.from_iterable(one.token_ids for one in self.added))


async def opened(desk: Desk, request: CompletionRequest, name: str | None, unit: Unit | None) -> Sheet:
    """An empty sheet for a model.

    Args:
        name: the model's, None for the default.
        unit: of the candidates; None takes words, or tokens where the model has no words.

    Raises:
        UserError: there is no such model, it does not have the label, or it offers no candidates.
    """
    info = await desk.model(name, request.label)
    unit = unit or next((each for each in PREFERRED if each in info.units), None)
    if unit is None:
        raise Unsupported(info.name, Phrase("candidates to choose from"))
    return Sheet(desk.generator, info, replace(request, model=name or info.name), unit)


def _line(number: str, logprob: float, text: str) -> str:
    return f"{number}  {show.bar(math.exp(min(logprob, 0.0)))} {show.percentage(logprob):>5}  {text}"
