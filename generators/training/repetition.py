"""How much of its training text a model repeats, and the guard that keeps it from repeating any."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from generators.completion import CompletionRequest, Piece
from generators.guard import guard_with, index_in, save_guard
from generators.memorisation import Index, index_of, share_verbatim

SAMPLES: Final = 400  # texts; of so many, 0.5 % are two
LENGTH: Final = 150  # tokens of a text of a char-RNN
WORDS: Final = 40  # tokens of a text of a model whose tokens are parts of words: as long as the others
TOGETHER: Final = 32  # texts that are written side by side
SECONDS: Final = 90.0  # that each of the two measures may take; a slow model is measured on fewer texts
SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Repetition:
    """What was measured.

    Attributes:
        samples: texts that were written without the guard.
        share: of them with a run of eight words of the training text verbatim, from 0 to 1.
        guarded: the same with the guard.
        runs: runs of eight words that the model is guarded from.
    """

    samples: int
    share: float
    guarded: float
    runs: int


def measured_repetition(
    model: Path, base: Path, texts: Iterator[str], threads: int, look: Callable[[], None]
) -> dict[str, Any]:
    """Measures a model, puts the guard into its directory, measures again, and says so in its card.

    Args:
        model: directory of the trained model.
        base: of the one that it goes on from, whose guard it takes over.
        texts: that it was trained on.
        threads: of the linear algebra.
        look: called before every batch of texts; may raise.

    Returns:
        The fields of `Repetition`.

    Raises:
        UserError: the model cannot be used.
        OSError: the guard cannot be written.
    """
    from generators.kinds import info_of, load_model

    index = index_of(texts, index_in(base))
    loaded = load_model(model, info_of(model, "measured"), threads=threads)
    bare = asyncio.run(_written(loaded, look))
    guard_with(loaded, index)
    guarded = asyncio.run(_written(loaded, look))
    save_guard(index, model)
    found = Repetition(len(bare), share_verbatim(bare, index), share_verbatim(guarded, index), len(index.hashes))
    _note(model, found, index)
    return asdict(found)


async def _written(model: Any, look: Callable[[], None]) -> list[str]:
    from generators.single import SingleGenerator

    generator = SingleGenerator(model)
    until = time.monotonic() + SECONDS
    length = LENGTH if model.info.kind == "charrnn" else WORDS
    texts: list[str] = []
    try:
        while len(texts) < SAMPLES and (not texts or time.monotonic() < until):
            look()
            seeds = range(SEED + len(texts), SEED + len(texts) + TOGETHER)
            texts += await asyncio.gather(*(_text(generator, model.info.name, length, seed) for seed in seeds))
    finally:
        await generator.close()
    return texts[:SAMPLES]


async def _text(generator: Any, name: str, length: int, seed: int) -> str:
    request = CompletionRequest(model=name, max_tokens=length, seed=seed)
    async with generator.complete(request) as events:
        return "".join([event.text async for event in events if isinstance(event, Piece)])


def _note(model: Path, found: Repetition, index: Index) -> None:
    card = model / "README.md"
    if not card.is_file():
        return
    said = (
        f"\n## Repetition\n\nOf {found.samples} texts, {100 * found.share:.2f} % hold eight words or more of the "
        f"training text verbatim; with its guard of {len(index.hashes):,} runs, with which it always writes, "
        f"{100 * found.guarded:.2f} %.\n"
    )
    card.write_text(card.read_text("utf-8") + said, "utf-8")
