"""Documents on their way into a training: how many were read, and which of them are held out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from generators.training.corpus import Document
from generators.training.windows import Encoded

TOLD: Final = 1000  # documents between two reports


def watched(documents: Iterator[Document], read: Callable[[int], None]) -> Iterator[Document]:
    """The documents, whose number is told now and then."""
    for number, document in enumerate(documents):
        if number % TOLD == 0:
            read(number)
        yield document


def parted(
    everything: Encoded, places: np.ndarray[tuple[int], np.dtype[np.float64]], share: float
) -> tuple[Encoded, Encoded]:
    """What is learnt from and what is held out: whole documents, chosen by their own text."""
    if share == 0:
        return everything, everything.taken(np.zeros(len(everything), bool))
    if len(everything) == 1:  # running text: its last part, which no window of the first part reaches into
        ids = everything[0]
        cut = max(2, round(len(ids) * (1 - share)))
        return everything.parts([ids[:cut]]), everything.parts([ids[cut - 1 :]])
    out = places < share
    if not out.any():
        out = places == places.min()
    if out.all():  # also where all texts are the same, of which none can be held out
        out = places < places.max()
    return everything.taken(~out), everything.taken(out)
