"""Eight adapters beside each other in a batch, against the same batch of their base alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from benchmarks.engine.models import LARGE, adapter, gpt2
from benchmarks.engine.pieces import NEW, PROMPT, precision
from benchmarks.engine.rows import Goal, Row
from benchmarks.engine.texts import Asked, asked, prompts, text_request
from benchmarks.measure import in_turn

ADAPTERS, TEXTS = 8, 16


def adapters(rounds: int) -> list[Row]:
    """Of rank 8 on the attention's input, as training makes them by default."""
    with asked(precision()) as ours:
        base = gpt2(ours.shelf, "large", LARGE)
        names = [adapter(base, f"adapter-{number}", number) for number in range(ADAPTERS)]
        ours.waited(_loaded(ours, names))
        sides = (lambda: 1_000 / _speed(ours, names), lambda: 1_000 / _speed(ours, ["large"]))
        mine, plain = in_turn(sides, rounds)
    what = f"GPT-2 124M ({precision()}), {ADAPTERS} adapters in a batch of {TEXTS}"
    return [Row(f"{what}; none: CPU ms a token", mine, plain, Goal(1.2, 1.1, below=True))]


def _speed(ours: Asked, models: Sequence[str]) -> float:
    """Tokens per CPU second of a batch whose texts take the models in turn."""
    return ours.speed(
        [
            text_request(models[number % len(models)], prompt, NEW)
            for number, prompt in enumerate(prompts(TEXTS, PROMPT, LARGE["vocab_size"]))
        ]
    )


async def _loaded(ours: Asked, names: Sequence[str]) -> None:
    await asyncio.gather(*(ours.generator.load(name) for name in names))
