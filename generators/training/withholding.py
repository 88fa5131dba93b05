"""A job's text in two: what is learnt, and its newest part, which every model is measured on and none has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from generators.training.documents import Document
from generators.training.errors import NothingToLearn
from generators.training.job_directory import JobDirectory
from generators.training.sealed import SealedWriter, read_sealed

SHARE: Final = 0.1  # of the characters, at the end: what people say next is what the model will be asked for
MOST: Final = 200_000  # characters; noise of a mean over as many is under 0.01 bits, and GPT-2 reads 1,000 a second


def withhold(directory: JobDirectory, key: bytes, read: Callable[[], None]) -> None:
    """Divides the corpus of a job, and deletes it then; a job that was divided before stays as it is.

    Args:
        key: that the corpus is sealed with, and the two parts will be.
        read: called at every document; may raise.

    Raises:
        NothingToLearn: there is too little text to hold any of it out.
        UserError: the corpus cannot be read, or the parts not be written.
    """
    if not directory.corpus.exists() and directory.learning.exists() and directory.held_out.exists():
        return
    characters = sum(len(document.text) for document in sealed_documents(directory.corpus, key))
    begins = characters - min(MOST, int(characters * SHARE))
    with SealedWriter(directory.learning, key) as learning, SealedWriter(directory.held_out, key) as held_out:
        at = 0
        for document in sealed_documents(directory.corpus, key):
            read()
            for part in _parted(document, begins - at):
                at += len(part.text)
                (learning if at <= begins else held_out).write(part.text, part.labels)
        if not learning.documents or not held_out.documents:
            raise NothingToLearn
    directory.corpus.unlink()


def sealed_documents(path: Path, key: bytes) -> Iterator[Document]:
    """The documents of a sealed corpus."""
    return (Document(text, labels) for text, labels, _ in read_sealed(path, key))


def watched(documents: Iterable[Document], read: Callable[[], None]) -> Iterator[Document]:
    """The documents; `read` is called at each of them."""
    for document in documents:
        read()
        yield document


def _parted(document: Document, at: int) -> Iterator[Document]:
    """A document, in two where it goes beyond `at`: between lines, or words, where there are any before that."""
    text = document.text
    if not 0 < at < len(text):
        yield document
        return
    cut = next((found for mark in ("\n", " ") if (found := text.rfind(mark, 1, at)) > 0), at)
    for part in (text[:cut], text[cut:]):
        if part.strip():
            yield Document(part.strip("\n"), document.labels)
