"""Characters per CPU second through `complete`, beside textgenrnn's default model of the same size."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from threadpoolctl import threadpool_info

from benchmarks.measure import paired, table
from benchmarks.models import textgenrnn_shaped
from benchmarks.peers import Peer
from generators.completion import CompletionRequest, Piece
from generators.local import LocalGenerator, Shelf

ALONE = 3_000  # characters of the one text
TOGETHER = 1_000  # characters of each of 64 texts
TEXTS = 64
BATCHES = (64, 128, 256)  # the peer's; its best one counts


def main(rounds: int) -> str:
    """Both in turn, `rounds` times."""
    with tempfile.TemporaryDirectory() as shelf, asyncio.Runner() as runner, peer() as other:
        name = textgenrnn_shaped(Path(shelf))
        generator = LocalGenerator([Shelf(Path(shelf))], queue_limit=TEXTS)

        def ours(texts: int, characters: int) -> float:
            return runner.run(written(generator, name, texts, characters))

        def theirs(mode: str, characters: int, batch: int = 1) -> float:
            answer = other.ask(mode=mode, characters=characters, batch=batch)
            return answer["characters"] / answer["cpu_seconds"]

        best = max(BATCHES, key=lambda batch: theirs("batched", 4_000, batch))
        against = (
            ("one text, its `generate` as shipped", 1, "shipped", 60, 1, 350),
            ("one text, its forward compiled", 1, "single", 500, 1, 20),
            (f"64 texts, its compiled forward alone in its best batch ({best})", TEXTS, "batched", 8_000, best, 12),
        )
        rows = []
        for title, texts, mode, characters, batch, goal in against:
            length = ALONE if texts == 1 else TOGETHER
            mine, peers, ratio = paired(
                lambda texts=texts, length=length: ours(texts, length),
                lambda mode=mode, characters=characters, batch=batch: theirs(mode, characters, batch),
                rounds,
            )
            rows.append((title, mine, peers, ratio, f"≥ {goal}"))
        runner.run(generator.close())
    kernels = ", ".join(f"{blas['internal_api']} {blas.get('architecture', '')}" for blas in threadpool_info())
    return table(
        f"Writing, characters per CPU second; NumPy on {kernels}",
        ("what", "Planchette", "textgenrnn 2.0.0", "ratio", "to reach"),
        rows,
    )


def peer() -> Peer:
    """textgenrnn with the last TensorFlow that has Keras 2."""
    # pkg_resources, which it imports, left setuptools in version 82
    return Peer("textgenrnn", "textgenrnn_writing.py", ("textgenrnn==2.0.0", "tensorflow-cpu==2.15.*", "setuptools<70"))


async def written(generator: LocalGenerator, model: str, texts: int, characters: int) -> float:
    """Characters per CPU second of so many texts at once, each of so many characters."""
    started = time.process_time()
    counts = await asyncio.gather(*(_one(generator, model, characters, seed) for seed in range(texts)))
    return sum(counts) / (time.process_time() - started)


async def _one(generator: LocalGenerator, model: str, characters: int, seed: int) -> int:
    request = CompletionRequest(
        model=model, max_tokens=characters, min_tokens=characters, temperature=1.0, seed=seed, user=str(seed)
    )
    async with generator.complete(request) as events:
        return sum([isinstance(event, Piece) async for event in events])
