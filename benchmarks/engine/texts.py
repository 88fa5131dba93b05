"""Asking a generator in this process, and the CPU time that its answers take."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from generators.completion import CompletionRequest, Piece
from generators.engine import MAX_BATCH
from generators.local import LocalGenerator, Shelf
from generators.places import shipped_directory

TOP_K: Final = 40
FIRST: Final = 1_000  # token ids from here on stand in prompts: no bytes, no end

T = TypeVar("T")

_seeds = itertools.count()


class Asked:
    """A generator over models in a temporary directory, and an event loop to ask it on.

    Args:
        shelf: the directory.
        runner: of the event loop.
        precision, device: of a GPT-2.
        max_batch: texts in a step; as many may wait.
    """

    def __init__(self, shelf: Path, runner: asyncio.Runner, precision: str, device: str, max_batch: int) -> None:
        self.shelf = shelf
        self._runner = runner
        shelves = [Shelf(shipped_directory(), shipped=True), Shelf(shelf)]
        limits = {"max_batch": max_batch, "queue_limit": max_batch}
        self.generator = LocalGenerator(shelves, **limits, threads=1, device=device, precision=precision)

    def waited(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives in the end."""
        return self._runner.run(work)

    def cpu_seconds(self, work: Coroutine[Any, Any, object]) -> float:
        """What the work takes."""
        started = time.process_time()
        self._runner.run(work)
        return time.process_time() - started

    def speed(self, requests: Sequence[CompletionRequest]) -> float:
        """Tokens per CPU second of texts that are written together."""
        started = time.process_time()
        tokens = self._runner.run(written(self.generator, requests))
        return tokens / (time.process_time() - started)


@contextmanager
def asked(precision: str = "auto", *, device: str = "cpu", max_batch: int = MAX_BATCH) -> Iterator[Asked]:
    """A generator with one thread until the context is left; see `Asked`."""
    with tempfile.TemporaryDirectory() as shelf, asyncio.Runner() as runner:
        one = Asked(Path(shelf), runner, precision, device, max_batch)
        try:
            yield one
        finally:
            runner.run(one.generator.close())


async def written(generator: LocalGenerator, requests: Sequence[CompletionRequest]) -> int:
    """Tokens of texts that are written together."""
    return sum(await asyncio.gather(*(_one(generator, request) for request in requests)))


def text_request(model: str, prompt: Sequence[int], tokens: int) -> CompletionRequest:
    """A text of exactly so many tokens, for a person of its own."""
    seed = next(_seeds)
    return CompletionRequest(
        model=model,
        prompt=tuple(prompt),
        max_tokens=tokens,
        min_tokens=tokens,
        temperature=1.0,
        top_k=TOP_K,
        top_p=1.0,
        seed=seed,
        user=str(seed),
    )


def prompts(texts: int, tokens: int, vocabulary: int) -> list[list[int]]:
    """Prompts that nobody has read before."""
    draw = np.random.default_rng([next(_seeds), texts])
    rows: list[list[int]] = draw.integers(FIRST, vocabulary, (texts, tokens)).tolist()
    return rows


async def _one(generator: LocalGenerator, request: CompletionRequest) -> int:
    async with generator.complete(request) as events:
        return sum([len(event.token_ids) async for event in events if isinstance(event, Piece)])
