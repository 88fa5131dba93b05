"""Whether a vote's next candidates take longer in a long story than in a short one."""

from __future__ import annotations

import asyncio
import time
from itertools import count

from benchmarks.measure import paired, table
from generators.candidates import candidates
from generators.completion import CompletionRequest, Piece, Started
from generators.local import LocalGenerator, Shelf
from generators.places import shipped_directory

SHORT, LONG = 20, 2_000  # characters
VOTES = 20  # one after the other, as a story goes


def main(rounds: int) -> str:
    """Twenty votes of a story in turn at both lengths, `rounds` times, with the model that ships."""
    with asyncio.Runner() as runner:
        generator = LocalGenerator([Shelf(shipped_directory(), shipped=True)])
        seeds = count()

        def cpu_seconds(characters: int) -> float:
            return runner.run(_votes(generator, characters, next(seeds)))

        short, long, ratio = paired(lambda: cpu_seconds(SHORT), lambda: cpu_seconds(LONG), rounds)
        runner.run(generator.close())
    inverse = type(ratio)(tuple(1 / value for value in ratio.values))
    return table(
        "A vote's next word, CPU milliseconds",
        (f"{SHORT}-character story", f"{LONG:,}-character story", "ratio", "to reach"),
        ((short, long, inverse, "≤ 1.2"),),
    )


async def _votes(generator: LocalGenerator, characters: int, seed: int) -> float:
    """Mean CPU milliseconds of a vote: candidates, the first of them joins the story, and again."""
    story = await _story(generator, characters, seed)
    offered = await candidates(generator, model="charrnn", prompt=story)
    started = time.process_time()
    for _ in range(VOTES):
        story += offered.alternatives[0].token_ids
        offered = await candidates(generator, model="charrnn", prompt=story)
    return (time.process_time() - started) / VOTES * 1_000


async def _story(generator: LocalGenerator, characters: int, seed: int) -> tuple[int, ...]:
    request = CompletionRequest(
        model="charrnn", prompt="Once", max_tokens=characters, min_tokens=characters, seed=seed, temperature=0.7
    )
    ids: tuple[int, ...] = ()
    async with generator.complete(request) as events:
        async for event in events:
            match event:
                case Started():
                    ids = event.prompt
                case Piece():
                    ids += event.token_ids
    return ids
