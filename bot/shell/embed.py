"""`planchette embed`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from bot.shell.evaluate import counted
from bot.shell.output import Json, Progress, emit, progress, say
from bot.shell.train import Documents
from bot.shell.writers import ModelName, text_of
from bot.shelves import found_anywhere, loaded
from generators.errors import Phrase

BLOCK: Final = 256  # texts whose vectors are printed together


def embed(
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT…", help="Texts, used as they are.")] = None,
    file: Annotated[Path | None, typer.Option(help="Documents instead, as in training.")] = None,
    documents: Annotated[Documents | None, typer.Option(help="A document of a text file; as in training.")] = None,
    model: ModelName = None,
    as_json: Json = False,
) -> None:
    """Print the vectors of texts: near ones are of a kind.

    A line for each text: its numbers, with tabs between them, or with --json {"text", "vector"}.
    """
    if bool(texts) == (file is not None):
        raise typer.BadParameter("give texts, or a --file", param_hint="TEXT")
    from generators.embedding import vectors

    given = checked(texts or ())
    writer = opened(model)
    with progress("Reading") as shown:
        going = iter(given) if file is None else texts_of(file, documents, shown)
        while block := list(islice(going, BLOCK)):
            for text, vector in zip(block, vectors(writer, block).tolist(), strict=True):
                if as_json:
                    emit({"text": text, "vector": vector})
                else:
                    say("\t".join(f"{number:.6g}" for number in vector))


def opened(name: str | None) -> Any:
    """A model of this machine with its weights; the default without a name.

    Raises:
        UserError: there is none, or it cannot be used.
    """
    import asyncio

    from bot.configuration import load_configuration
    from bot.shell.writers import open_desk

    async def default() -> str:
        async with open_desk() as desk:
            return (await desk.model(None)).name

    return loaded(*found_anywhere(load_configuration().home, name or asyncio.run(default())))


def texts_of(file: Path, documents: Documents | None, shown: Progress) -> Iterator[str]:
    """The documents of a file, which need not fit into memory.

    Raises:
        UnreadableSource: it cannot be read, or has none.
    """
    from generators.training.corpus import Corpus

    corpus = Corpus([file], None if documents is None else documents.value)
    return (document.text for document in counted(corpus, shown))


def checked(texts: Iterable[str]) -> Sequence[str]:
    """Texts of the command line.

    Raises:
        UserError: see `text_of`.
    """
    return [text_of(text, Phrase("the text")) for text in texts]
