"""What a new model has learnt by heart is measured, and it is given its guard, before anybody writes with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from generators.model import Model
    from generators.training.progress import Sample

SAMPLES: Final = 400  # texts; 0.5 % of them are two
LENGTH: Final = {"character": 300}  # tokens of a text, about 50 words
PIECES: Final = 70  # … of models with longer tokens
SEED: Final = 1


@dataclass(frozen=True, slots=True)
class Memorisation:
    """How much of its training text a model repeats.

    Attributes:
        samples: texts that it wrote from nothing, as it writes by default.
        share: of them with eight words or more of one training text, verbatim; from 0 to 1.
        guarded_share: the same behind its guard.
        runs: of eight words that the guard knows.
        tokens_per_second, guarded_tokens_per_second: 16 texts side by side.
    """

    samples: int
    share: float
    guarded_share: float
    runs: int
    tokens_per_second: float
    guarded_tokens_per_second: float


def guarded(
    directory: Path,
    texts: Iterable[str],
    *,
    base: Path | None = None,
    samples: int = SAMPLES,
    threads: int | None = None,
) -> Memorisation:
    """Puts a guard beside a model, measures what it holds back, and notes it in the lineage and on the card.

    The samples on the card are those that it writes behind its guard from then on.

    Done again after a kill it does the same again.

    Args:
        directory: of the model; it is not in use yet.
        texts: all that it learnt from, one message or document each; read once.
        base: the model that it goes on from, whose guard becomes part of its own.
        samples: texts to write with the guard, and without.
        threads: of torch; None for half of the cores.

    Raises:
        UserError: the model, or its base's guard, cannot be used.
    """
    from generators.guard import guard_with, index_in, save_guard
    from generators.kinds import info_of, load_model
    from generators.memorisation import index_of, share_verbatim

    index = index_of(texts, onto=None if base is None else index_in(base))
    save_guard(index, directory)  # first of all: from here on nobody can load the model without it
    model: Model[Any] = load_model(directory, info_of(directory, directory.parent.name), threads=threads)
    guard_with(model, None)
    plain, speed = _written(model, samples, threads)
    guard_with(model, index)
    held, held_speed = _written(model, samples, threads)
    found = Memorisation(
        samples,
        share_verbatim(plain, index),
        share_verbatim(held, index),
        len(index.hashes),
        round(speed, 1),
        round(held_speed, 1),
    )
    _note(directory, found, _shown(model))
    return found


def _written(model: Model[Any], samples: int, threads: int | None) -> tuple[list[str], float]:
    """Texts of a model, and tokens a second."""
    from generators.comparison import sampled
    from generators.completion import CompletionRequest
    from generators.engine import Engine

    length = LENGTH.get(model.info.token, PIECES)
    engine = Engine(model, threads=threads or 1)
    try:
        request = CompletionRequest(model=model.info.name, max_tokens=length, min_tokens=length, seed=SEED)
        texts, speed = asyncio.run(sampled(engine, request, [""], samples))
    finally:
        engine.close()
    return [one.text for one in texts], speed.tokens_per_second


def _shown(model: Model[Any]) -> list[Sample]:
    """Texts of a model for its card."""
    from generators.training.progress import TEMPERATURES, Sample
    from generators.writing import Writer

    length = LENGTH.get(model.info.token, PIECES)
    writer = Writer(model)
    try:
        return [Sample(heat, writer.write(temperature=heat, max_tokens=length, seed=SEED)) for heat in TEMPERATURES]
    finally:
        writer.close()


def _note(directory: Path, found: Memorisation, samples: Sequence[Sample]) -> None:
    """Adds the measures to planchette.json and README.md, and there the samples too."""
    from generators.directory import read_json
    from generators.training.card import with_memorisation, with_samples
    from generators.training.publishing import CARD, LINEAGE, write_json

    facts = asdict(found)
    lineage = read_json(directory, LINEAGE, required=False)
    lineage["metrics"] = {**(lineage.get("metrics") or {}), "memorisation": facts}
    card = directory / CARD
    if card.is_file():
        card.write_text(with_memorisation(with_samples(card.read_text("utf-8"), samples), facts), "utf-8")
    write_json(directory / LINEAGE, lineage)
