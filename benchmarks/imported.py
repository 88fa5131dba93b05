"""Characters per CPU second of textgenrnn's own default model, imported, beside the original."""

from __future__ import annotations

import asyncio
import tempfile
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_info

from benchmarks.measure import paired, table
from benchmarks.peers import ENVIRONMENTS
from benchmarks.writing import peer, written
from generators.charrnn.textgenrnn import import_textgenrnn
from generators.local import LocalGenerator, Shelf

LENGTH = 300  # characters of a text: textgenrnn's own default
TEXTS = 32


def main(rounds: int) -> str:
    """Both in turn, `rounds` times."""
    with tempfile.TemporaryDirectory() as shelf, asyncio.Runner() as runner, peer() as other:
        package = next(ENVIRONMENTS.glob("textgenrnn/lib/python*/site-packages/textgenrnn"))
        import_textgenrnn(
            package / "textgenrnn_weights.hdf5",
            package / "textgenrnn_vocab.json",
            None,
            Path(shelf, "imported", "1"),
            "imported",
        )
        generator = LocalGenerator([Shelf(Path(shelf))], queue_limit=TEXTS)

        def ours(texts: int) -> float:
            return runner.run(written(generator, "imported", texts, LENGTH))

        def theirs(mode: str, texts: int) -> float:
            answer = other.ask(mode=mode, characters=texts * LENGTH, batch=texts)
            return answer["characters"] / answer["cpu_seconds"]

        against = (
            ("one text, its forward compiled", "single", 1),
            (f"{TEXTS} texts at once, its forward compiled", "together", TEXTS),
            (f"{TEXTS} texts at once, its compiled forward alone: nothing drawn", "batched", TEXTS),
        )
        rows = []
        for title, mode, texts in against:
            mine, peers, ratio = paired(partial(ours, texts), partial(theirs, mode, texts), rounds)
            rows.append((title, mine, peers, ratio, "≥ 1"))
        runner.run(generator.close())
    kernels = ", ".join(f"{blas['internal_api']} {blas.get('architecture', '')}" for blas in threadpool_info())
    return table(
        f"Writing with an imported model, characters per CPU second; NumPy on {kernels}",
        ("what", "Planchette", "textgenrnn 2.0.0", "ratio", "to reach"),
        rows,
    )
