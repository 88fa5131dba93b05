"""Documents on their way into a training: how many were read, and which of them are held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from generators.training import windows
from generators.training.corpus import Corpus
from generators.training.documents import Document, Documents
from generators.training.recipes import Recipe
from generators.training.scratch import Growing
from generators.training.windows import Encoded, EncodedFile

TOLD: Final = 1000  # documents between two reports


@dataclass(frozen=True, slots=True)
class Partition:
    """Which documents of a corpus are held out.

    Attributes:
        share: that is held out.
        by: `text`, where a document's own text decides, so that the same text is always on the same side; or `end`:
            the documents that end in the last share of their file, the last one at the least.
    """

    share: float
    by: str = "text"

    @classmethod
    def of(cls, recipe: Recipe) -> Partition:
        return cls(recipe.held_out, recipe.held_out_by)

    def read(self, corpus: Corpus) -> Iterator[Document]:
        """The documents before any filter; where ends are held out, a file's only document becomes two.

        Filters that split a document leave its pieces on its side: they have its end.
        """
        yield from _with_ends(corpus, self.share) if self.by == "end" and self.share else corpus

    @property
    def cut(self) -> float:
        """Share of a file at which what is held out begins; 1 where that depends on each document."""
        return 1 - self.share if self.by == "end" else 1.0

    def place(self, document: Document) -> float:
        """In [0, 1], below the share for what is held out; what would be held out next is lower than the rest."""
        if self.by == "text":
            return windows.place(document.text)
        rest = 1 - document.through
        return self.share * rest if document.through > self.cut else max(self.share, rest)

    def hides(self, document: Document) -> bool:
        """Whether not even the characters of a document may be known: ends are split off before anything else."""
        return self.by == "end" and document.through > self.cut


def held_out_documents(source: Path, share: float, documents: Documents | None = None) -> Iterator[Document]:
    """The documents at a file's end that a training with `held_out_by` end does not learn, before any filter.

    Args:
        source: file.
        share: of its bytes, in (0, 1).
        documents: what a document of it is, as for `Corpus`.

    Raises:
        UnreadableSource: as for `Corpus`.
    """
    partition = Partition(share, "end")
    return filter(partition.hides, partition.read(Corpus([source], documents)))


def _with_ends(documents: Iterable[Document], share: float) -> Iterator[Document]:
    begins = True  # whether a file does
    for document in documents:
        ends = document.through == 1
        yield from _halves(document, share) if begins and ends else (document,)
        begins = ends


def _halves(document: Document, share: float) -> Iterator[Document]:
    """A document's first part and its last share, between paragraphs, lines or words where there are any near."""
    text = document.text
    length = len(text)
    near = int(length * (1 - share))
    breaks = (text.rfind(mark, 2 * near - length if 2 * near > length else 0, near) for mark in ("\n\n", "\n", " "))
    cut = next((at for at in breaks if at > 0), near)
    if text[:cut].strip() and text[cut:].strip():
        yield replace(document, text=text[:cut], through=min(cut / length, 1 - share))
        yield replace(document, text=text[cut:].lstrip())
    else:
        yield document


def watched(documents: Iterator[Document], read: Callable[[int], None]) -> Iterator[Document]:
    """The documents, whose number is told now and then."""
    for number, document in enumerate(documents):
        if number % TOLD == 0:
            read(number)
        yield document


def parted(
    documents: Iterable[tuple[float, Iterable[int]]], share: float, vocabulary_size: int, scratch: Path | None = None
) -> tuple[Encoded, Encoded]:
    """What is learnt from and what is held out: whole documents, chosen by their places.

    Args:
        documents: place, as `Partition` tells it, and token ids of each.
        share: that is held out.
        vocabulary_size: of all tokens.
        scratch: directory for the files that they lie in.
    """
    files = EncodedFile(vocabulary_size, scratch), EncodedFile(vocabulary_size, scratch)
    places: tuple[Growing[np.float64], ...] = Growing(np.float64, scratch), Growing(np.float64, scratch)
    for place, ids in documents:
        side = place < share
        files[side].add(ids)
        places[side].extend(np.array([place]))
    learnt, held_out = files[0].encoded(), files[1].encoded()
    if share == 0 or (len(learnt) and len(held_out)) or not len(learnt) + len(held_out):
        return learnt, held_out
    everything, at = (learnt, places[0].array()) if len(learnt) else (held_out, places[1].array())
    if len(everything) == 1:  # running text: its last part, which no window of the first part reaches into
        ids = everything[0]
        cut = max(2, round(len(ids) * (1 - share)))
        return everything.part(ids[:cut]), everything.part(ids[cut - 1 :])
    out = at == at.min() if len(learnt) else at < at.max()
    if out.all():  # also where all texts are the same, of which none can be held out
        out = at < at.max()
    return everything.taken(~out), everything.taken(out)
