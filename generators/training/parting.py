"""Documents on their way into a training: how many were read, and which of them are held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from generators.training.corpus import Document
from generators.training.scratch import Growing
from generators.training.windows import Encoded, EncodedFile

TOLD: Final = 1000  # documents between two reports


def watched(documents: Iterator[Document], read: Callable[[int], None]) -> Iterator[Document]:
    """The documents, whose number is told now and then."""
    for number, document in enumerate(documents):
        if number % TOLD == 0:
            read(number)
        yield document


def parted(
    documents: Iterable[tuple[float, Iterable[int]]], share: float, vocabulary_size: int, scratch: Path | None = None
) -> tuple[Encoded, Encoded]:
    """What is learnt from and what is held out: whole documents, chosen by their own text.

    Args:
        documents: place and token ids of each.
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
