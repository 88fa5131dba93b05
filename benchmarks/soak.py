"""Whether hundreds of channels can use one process for long: flat memory, and nobody who waits for ever."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from statistics import quantiles
from typing import Final

import psutil

from benchmarks.measure import table
from generators.candidates import candidates
from generators.completion import CompletionRequest, Piece, Started, Unit
from generators.engine.meter import METERS
from generators.errors import Busy
from generators.local import LocalGenerator, Shelf
from generators.places import shipped_directory

CHANNELS: Final = 500
PAUSE: Final = 20.0  # seconds that a channel waits on average before it wants something again
PATIENCE: Final = 180.0  # seconds after which somebody counts as stuck
LONGEST: Final = 300  # tokens of a story, which then begins anew
EVERY: Final = 60.0  # seconds between looks at the memory
MODELS: Final = ("charrnn", "gpt2-stories")
DOES: Final = (("vote", 60), ("text", 15), ("left", 15), ("sentences", 5), ("several", 5))


@dataclass
class Seen:
    """What has happened so far.

    Attributes:
        done: by what was wanted; refusals as `busy`, waits without end as `stuck`.
        votes: seconds of each vote since the last look.
        memory: minute, MB, and the 95th percentile of votes in between, in ms.
    """

    done: Counter[str] = field(default_factory=Counter)
    votes: list[float] = field(default_factory=list)
    memory: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass
class Channel:
    """One channel, with its story."""

    number: int
    generator: LocalGenerator
    random: Random
    story: tuple[int, ...] = ()

    @property
    def model(self) -> str:
        return MODELS[self.number % len(MODELS)]

    async def live(self, until: float, seen: Seen) -> None:
        """Wants something now and then."""
        names, weights = zip(*DOES, strict=True)
        while (pause := self.random.expovariate(1 / PAUSE)) + time.monotonic() < until:
            await asyncio.sleep(pause)
            [what] = self.random.choices(names, weights)
            try:
                async with asyncio.timeout(PATIENCE):
                    await getattr(self, what)(seen)
                seen.done[what] += 1
            except Busy:
                seen.done["busy"] += 1
            except TimeoutError:
                seen.done["stuck"] += 1

    async def vote(self, seen: Seen) -> None:
        """The next round of the channel's story."""
        began = time.perf_counter()
        offered = await candidates(self.generator, model=self.model, prompt=self.story, user=str(self.number))
        seen.votes.append(time.perf_counter() - began)
        self.story += self.random.choice(offered.alternatives).token_ids
        if len(self.story) > LONGEST:
            self.story = ()

    async def text(self, _: Seen) -> None:
        """A text to its end."""
        await self._read(CompletionRequest(model=self.model, max_tokens=150, user=str(self.number)))

    async def left(self, _: Seen) -> None:
        """A text that nobody reads any more after some tokens."""
        await self._read(CompletionRequest(model=self.model, user=str(self.number)), self.random.randrange(40))

    async def sentences(self, _: Seen) -> None:
        """Sentences to choose from."""
        await candidates(self.generator, model=self.model, prompt="", unit=Unit.SENTENCE, user=str(self.number))

    async def several(self, _: Seen) -> None:
        """Three texts after one prompt."""
        await self._read(
            CompletionRequest(model=self.model, prompt="The old", max_tokens=60, n=3, user=str(self.number))
        )

    async def _read(self, request: CompletionRequest, most: int = 1_000_000) -> None:
        async with self.generator.complete(request) as events:
            async for event in events:
                most -= isinstance(event, Piece)
                if most < 0 and not isinstance(event, Started):
                    return


async def _look(seen: Seen, until: float) -> None:
    """Notes the memory every minute."""
    began, process = time.monotonic(), psutil.Process()
    while time.monotonic() < until:
        await asyncio.sleep(EVERY)
        p95 = 1_000 * quantiles(seen.votes, n=20)[-1] if len(seen.votes) > 1 else 0.0
        seen.votes.clear()
        seen.memory.append(((time.monotonic() - began) / 60, process.memory_info().rss / 1e6, p95))
        print(f"minute {seen.memory[-1][0]:.0f}: {seen.memory[-1][1]:.0f} MB, {dict(seen.done)}", flush=True)


async def _soak(minutes: float) -> Seen:
    generator = LocalGenerator([Shelf(shipped_directory(), shipped=True)], threads=1)
    seen, until = Seen(), time.monotonic() + 60 * minutes
    channels = [Channel(number, generator, Random(number)) for number in range(CHANNELS)]
    try:
        await asyncio.gather(_look(seen, until), *(channel.live(until, seen) for channel in channels))
        seen.done["left over"] = sum(meter.texts for meter in METERS.by_model())
    finally:
        await generator.close()
    return seen


def main(minutes: int) -> str:
    """For so many minutes; a line for each, then the table."""
    seen = asyncio.run(_soak(minutes))
    rows = [(f"{minute:.0f}", f"{memory:.0f}", f"{p95:.0f}") for minute, memory, p95 in seen.memory]
    title = f"{CHANNELS} channels for {minutes} minutes: " + ", ".join(f"{n:,} {what}" for what, n in seen.done.items())
    return table(title, ("minute", "MB", "p95 of a vote, ms"), rows)
