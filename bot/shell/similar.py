"""`planchette similar`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.shell.embed import checked, opened, texts_of
from bot.shell.output import Json, emit, progress, show
from bot.shell.train import Documents
from bot.shell.writers import ModelName


def similar(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What the others are to be near to, used as it is.")],
    file: Annotated[Path, typer.Option(help="The documents to look among, as in training.")],
    top: Annotated[int, typer.Option(help="How many.")] = 10,
    documents: Annotated[Documents | None, typer.Option(help="A document of a text file; as in training.")] = None,
    model: ModelName = None,
    as_json: Json = False,
) -> None:
    """Show the texts that are nearest to one, the nearest first.

    Near is what reads alike to the model, from -1 to 1: a char-RNN hears the kind of text rather than its subject.
    """
    from generators import embedding
    from generators.errors import InvalidValue

    if top < 1:
        raise InvalidValue("top", top, "a whole number from 1 up")
    (wanted,) = checked([text])
    writer = opened(model)
    with progress("Reading") as shown:
        found = embedding.similar(writer, wanted, texts_of(file, documents, shown), top)
    for one in found:
        if as_json:
            emit(one._asdict())
        else:
            show(f"{one.similarity:7.3f}  {' '.join(one.text.split())}\n")
