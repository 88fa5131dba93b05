"""`planchette evaluate`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.shell.output import Json, Progress, emit, progress, say
from bot.shell.train import Documents
from bot.shelves import found_anywhere, loaded

if TYPE_CHECKING:
    from generators.training.corpus import Corpus
    from generators.training.documents import Document


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="NAME, NAME@VERSION, or a directory.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Text, CSV, TSV or JSON lines.")],
    documents: Annotated[Documents | None, typer.Option(help="A document of a text file; as in training.")] = None,
    as_json: Json = False,
) -> None:
    """Measure how well a model predicts texts.

    It should not have learnt from them.
    """
    from bot.configuration import load_configuration
    from generators import evaluation
    from generators.training.corpus import Corpus

    writer = loaded(*found_anywhere(load_configuration().home, model))
    corpus = Corpus([file], None if documents is None else documents.value)
    with progress("Measuring") as shown:
        measured = evaluation.evaluate(writer, counted(corpus, shown))
    if as_json:
        emit(dict(measured))
        return
    say(f"{measured['bits_per_character']:.4f} bits per character")
    say(f"{measured['nats_per_token']:.4f} nats per token, perplexity {measured['perplexity']:.2f}")
    say(f"{measured['characters']:,} characters, {measured['tokens']:,} tokens")


def counted(corpus: Corpus, shown: Progress) -> Iterator[Document]:
    """The documents, while progress is shown; they are counted first, which takes a moment."""
    total = sum(len(document.text) for document in corpus)
    done = 0
    for document in corpus:
        yield document
        done += len(document.text)
        shown.show(done, total)
