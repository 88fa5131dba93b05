"""Measures how a model writes at many settings beside real text: what the defaults of the models that ship follow.

    python -m tools.sampling_defaults NAME [--label LABEL] [--shared DIRECTORY]

NAME is a model that ships, or a directory. Real text is what stands before the ends of the model's files, which no
default is chosen on.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Final

from generators.comparison import sampled
from generators.completion import CompletionRequest
from generators.engine import Engine
from generators.kinds import info_of, load_model
from generators.passages import yardstick
from generators.places import shipped_directory
from generators.style import style_of
from generators.training.documents import Document
from generators.training.filters import cleaned
from generators.training.parting import Partition, held_out_documents
from tools.model_measures import FILTERS, SHARE, documents_of, kinds_of, lexicon, portion, there
from tools.model_pages import MEASURES, row

TEXTS: Final = 48
LENGTH: Final = 2_000  # characters of a text
READ: Final = 300_000  # characters of each file that are real text here
TEMPERATURES: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
TOP_P: Final = (1.0, 0.95, 0.9)
PENALTIES: Final = (1.0, 1.05)


def before_ends(file: Path) -> list[Document]:
    """As much of a file as its end is, before it; more where no document ends in there."""
    ends = Partition(SHARE, "end")
    for times in range(2, int(1 / SHARE)):
        last = held_out_documents(file, times * SHARE, documents_of(file))
        found = list(cleaned((document for document in last if not ends.hides(document)), FILTERS))
        if found:
            return found
    return []


def table(directory: Path, corpora: Path, label: str | None) -> Iterator[str]:
    """Settings and what texts from nothing come to at each; real text last."""
    info = info_of(directory, directory.name)
    files = [corpora / file for file in kinds_of(directory)[label]]
    documents = [document for file in files for document in portion(before_ends(file), READ)]
    words = lexicon(tuple(files))
    model = load_model(directory, info)
    read = "".join(document.text for document in documents)[:20_000]
    tokens = round(LENGTH * len(model.vocabulary.encode(read)) / len(read))
    engine = Engine(model)
    yield f"| | {' | '.join(name for name, _ in MEASURES)} | characters |"
    yield f"|---|{'---:|' * (len(MEASURES) + 1)}"
    lengths: list[int] = []
    try:
        for temperature, top_p, penalty in product(TEMPERATURES, TOP_P, PENALTIES):
            request = CompletionRequest(
                model=info.name,
                label=label,
                seed=1,
                max_tokens=tokens,
                temperature=temperature,
                top_p=top_p,
                top_k=0,
                repetition_penalty=penalty,
            )
            samples, _ = asyncio.run(sampled(engine, request, [""], TEXTS))
            lengths = [len(sample.text) for sample in samples]
            yield row(f"temperature {temperature:g}, top_p {top_p:g}, penalty {penalty:g}", style_of(samples, words))
    finally:
        engine.close()
    real = yardstick(documents, lengths, words)
    if real is not None:
        yield row("real text", real.style)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table, a row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m tools.sampling_defaults", description=__doc__)
    parser.add_argument("name")
    parser.add_argument("--label")
    parser.add_argument("--shared", type=Path, default=Path(__file__).parent.parent.parent / "shared")
    asked = parser.parse_args(arguments)
    shipped = shipped_directory() / asked.name
    directory = shipped if shipped.is_dir() else Path(asked.name)
    corpora = asked.shared / "corpora"
    if missing := [file for file in kinds_of(directory).get(asked.label, ()) if not there(corpora, file)]:
        parser.error(
            f"{corpora} lacks {', '.join(missing)}, which {asked.name} has learnt from; --shared says where it is"
        )
    for line in table(directory, corpora, asked.label):
        print(line, flush=True)


if __name__ == "__main__":
    main()
