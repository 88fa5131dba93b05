"""How long votes take of many stories at once, beside long texts and without them: the 95th percentile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import quantiles

from benchmarks.engine.models import SMALL, gpt2
from benchmarks.engine.rows import Goal, Row
from benchmarks.engine.texts import FIRST, asked, prompts, text_request
from benchmarks.measure import in_turn
from generators.candidates import candidates
from generators.completion import LONGEST, Started
from generators.local import LocalGenerator

STORIES, TEXTS = 64, 16
STORY = 32  # tokens that every story begins with
VOTES = 4  # of each story, one after the other without a pause


def characters(rounds: int) -> list[Row]:
    """With the char-RNN that ships."""
    return _rows(rounds, "charrnn", "the char-RNN that ships")


def pieces(rounds: int) -> list[Row]:
    """With a GPT-2 of the size that ships."""
    return _rows(rounds, "small", f"GPT-2 {SMALL['n_layer']}×{SMALL['n_embd']}")


def _rows(rounds: int, model: str, name: str) -> list[Row]:
    with asked() as ours:
        size = 400
        if model == "small":
            gpt2(ours.shelf, model, SMALL)
            size = SMALL["vocab_size"]

        def p95(texts: int) -> float:
            return ours.waited(_p95(ours.generator, model, texts, size))

        beside, alone = in_turn((lambda: p95(TEXTS), lambda: p95(0)), rounds)
    what = f"{name}: {STORIES} stories voting beside {TEXTS} long texts; without them: p95 of a vote, ms"
    return [Row(what, beside, alone, Goal(2, 1.3, below=True))]


async def _p95(generator: LocalGenerator, model: str, texts: int, size: int) -> float:
    """Milliseconds of a vote that one in twenty exceeds."""
    low = min(FIRST, size // 2)
    stories = [tuple(low + token % (size - low) for token in ids) for ids in prompts(STORIES, STORY, 10 * FIRST)]
    async with _long_texts(generator, model, texts):
        laps = await asyncio.gather(
            *(_votes(generator, model, story, f"story {number}") for number, story in enumerate(stories))
        )
    return 1_000 * quantiles([lap for each in laps for lap in each], n=20)[-1]


async def _votes(generator: LocalGenerator, model: str, story: tuple[int, ...], user: str) -> list[float]:
    """Seconds that each vote of a story takes on the clock, after the first, which reads the story."""
    offered = await candidates(generator, model=model, prompt=story, user=user)
    laps = []
    for _ in range(VOTES):
        story += offered.alternatives[0].token_ids
        started = time.perf_counter()
        offered = await candidates(generator, model=model, prompt=story, user=user)
        laps.append(time.perf_counter() - started)
    return laps


@asynccontextmanager
async def _long_texts(generator: LocalGenerator, model: str, texts: int) -> AsyncIterator[None]:
    """So many texts that do not end before the context is left."""
    begun = asyncio.Semaphore(0)

    async def write() -> None:
        async with generator.complete(text_request(model, (), LONGEST)) as events:
            async for event in events:
                if not isinstance(event, Started):
                    begun.release()

    tasks = [asyncio.create_task(write()) for _ in range(texts)]
    try:
        for _ in tasks:
            await begun.acquire()
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
