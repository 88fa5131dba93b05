"""Documents as token ids, and the windows of them that training sees."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.integer[Any]]  # uint16 where the vocabulary allows: half of a corpus' memory

IGNORED: Final = -100  # label of padding: torch's cross_entropy leaves it out


@dataclass(frozen=True, slots=True)
class Encoded:
    """Documents of token ids, end to end: each begins with the start token and ends with the end token.

    Attributes:
        ids: of all documents.
        ends: where each document ends in `ids`.
    """

    ids: Ids
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, document: int) -> Ids:
        return self.ids[self.ends[document - 1] if document else 0 : self.ends[document]]

    @classmethod
    def of(cls, documents: Iterable[Iterable[int]], vocabulary_size: int) -> Encoded:
        """Documents that may come one at a time; only their ids stay in memory."""
        ids, ends = array("H" if vocabulary_size <= 1 << 16 else "I"), array("q")
        for document in documents:
            ids.extend(document)
            ends.append(len(ids))
        return cls(np.asarray(ids), np.asarray(ends, np.int64))

    def taken(self, chosen: NDArray[np.bool_]) -> Encoded:
        """The chosen documents, a copy."""
        return self.parts([self[document] for document in np.flatnonzero(chosen).tolist()])

    def parts(self, parts: Sequence[Ids]) -> Encoded:
        """Other documents of the same kind of ids."""
        ids = np.concatenate(parts) if parts else self.ids[:0]
        return Encoded(ids, np.cumsum([len(part) for part in parts], dtype=np.int64))


def place(text: str) -> float:
    """Where a document's text puts it in [0, 1): the same text in the same place, in whatever order files come."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class Window(NamedTuple):
    """Tokens that are read together.

    Attributes:
        ids: of the tokens.
        first: position of the first one that is learnt; those before it are only read.
    """

    ids: Ids
    first: int = 1


class Windows:
    """A data set of windows inside documents, for torch's DataLoader.

    A long document has as many windows as would cover it side by side, the first and the last at its ends. The others
    move from epoch to epoch, so that no character always stands at the edge of what can be seen. A document's labels,
    which follow its start token, are read before each of its windows and never learnt.

    Attributes:
        stretch: a batch has this many times fewer windows, and each is this many times as long.

    Args:
        documents: to learn from.
        size: tokens that a window predicts; it holds one more.
        short, repeat: documents of up to `short` tokens come `repeat` times an epoch.
        seed: decides the borders, and which documents are seen without their labels.
        pad: id that fills shorter windows up to the longest of a batch.
        stretch, stretched: in this last share of the batches, windows are so many times as long and fewer.
        step: tokens from one window's start to the next one's, the same in every epoch; 0 sets them side by side.
        context: tokens before each window that are read and not learnt, for models that see a window themselves.
        labels: ids of label tokens.
        label_dropout: share of the documents that an epoch shows without their labels.
    """

    def __init__(
        self,
        documents: Encoded,
        size: int,
        short: int = 0,
        repeat: int = 1,
        *,
        seed: int,
        pad: int,
        stretch: int = 1,
        stretched: float = 0.0,
        step: int = 0,
        context: int = 0,
        labels: Sequence[int] = (),
        label_dropout: float = 0.0,
    ) -> None:
        self._documents = documents
        self._size = size
        self._seed = seed
        self._pad = pad
        self._step = step
        self._context = context
        self._label_dropout = label_dropout
        lengths = np.diff(documents.ends, prepend=0)
        self._begins = documents.ends - lengths
        self._leads = leads(documents, labels)
        lengths = lengths - self._leads  # positions are counted as if there were no labels
        predicted = np.maximum(lengths - 1, 0)
        times = np.where(lengths <= short, repeat, 1)
        if step:
            per_document = np.where(predicted > 0, -(-np.maximum(predicted - size, 0) // step) + 1, 0)
        else:
            per_document = -(-predicted // size)
        of_document = np.repeat(np.arange(len(lengths)), per_document * times)
        first = np.cumsum(per_document * times) - per_document * times
        rank = np.arange(len(of_document)) - first[of_document]
        self._of_document = of_document.astype(np.int32)
        self._rank = (rank % np.maximum(per_document, 1)[of_document]).astype(np.int32)
        self._last_rank = np.maximum(per_document - 1, 1)
        self._lengths = lengths
        self.stretch = 1
        self._batch = 0
        self._stretch = stretch, stretched
        self._stretched: tuple[int, float] = 1, 0.0
        self.epoch(0)

    def __len__(self) -> int:
        return len(self._of_document)

    def plan(self, batches: int) -> None:
        """How many batches the training has: the last share of them is stretched."""
        stretch, share = self._stretch
        self._stretched = stretch, batches * (1 - share)

    def begin(self, batch: int) -> None:
        """The batch that comes next, counted over the training.

        Batches are counted here and not by the trainer's steps, because torch's loader fetches them ahead of these.
        """
        self._batch = batch

    def epoch(self, number: int) -> None:
        """Moves the borders for this epoch; the same for the same number, so that a resumed run sees the same."""
        rng = np.random.default_rng((self._seed, number))
        self._shift = rng.uniform(-0.5, 0.5, len(self._documents))
        self._bare = rng.random(len(self._documents)) < self._label_dropout

    def __getitem__(self, index: int) -> Window:
        document = int(self._of_document[index])
        size = self._size * self.stretch
        slack = int(self._lengths[document]) - 1 - size
        if slack <= 0:
            return self._window(document, 0, int(self._lengths[document]))
        start = self._start(document, int(self._rank[index]), slack)
        return self._window(document, start, start + size + 1)

    def __getitems__(self, indices: Sequence[int]) -> list[Window]:
        stretch, first = self._stretched
        self.stretch = stretch if self._batch >= first else 1
        self._batch += 1
        return [self[index] for index in indices[:: self.stretch]]

    def batch(self, windows: Sequence[Window]) -> dict[str, NDArray[np.int64]]:
        """`input_ids` and `labels` [windows, tokens], padded at the right."""
        longest = max(len(window.ids) for window in windows)
        ids = np.full((len(windows), longest), self._pad, np.int64)
        labels = np.full((len(windows), longest), IGNORED, np.int64)
        for row, (tokens, first) in enumerate(windows):
            ids[row, : len(tokens)] = tokens
            labels[row, first : len(tokens)] = tokens[first:]
        return {"input_ids": ids, "labels": labels}

    def _start(self, document: int, rank: int, slack: int) -> int:
        """Where a window of a document with so many places for it begins."""
        if self._step:
            return min(rank * self._step, slack)
        last = int(self._last_rank[document])
        inside = 0 < rank < last  # the first and the last window keep a text's start and end
        return min(max(round((rank + (float(self._shift[document]) if inside else 0)) * (slack / last)), 0), slack)

    def _window(self, document: int, start: int, end: int) -> Window:
        """What predicts the positions after `start` up to `end`, with the labels and the context before it."""
        ids, begin, lead = self._documents.ids, int(self._begins[document]), int(self._leads[document])
        earliest = max(start - self._context, 0)
        text = ids[begin + lead + max(earliest, 1) : begin + lead + end]
        front = [] if earliest else [ids[begin : begin + 1]]
        if lead and not self._bare[document]:
            front.append(ids[begin + 1 : begin + 1 + lead])
            return Window(np.concatenate((*front, text)), lead + start - earliest + 1)
        if lead and front:
            return Window(np.concatenate((*front, text)), start - earliest + 1)
        return Window(ids[begin + earliest + lead : begin + lead + end], start - earliest + 1)


def leads(documents: Encoded, labels: Sequence[int]) -> NDArray[np.int64]:
    """How many label tokens follow each document's start token."""
    counts = np.zeros(len(documents), np.int64)
    if not labels:
        return counts
    begins = documents.ends - np.diff(documents.ends, prepend=0)
    going = np.ones(len(documents), bool)
    while going.any():
        at = begins + 1 + counts
        going &= at < documents.ends
        going[going] = np.isin(documents.ids[at[going]], labels)
        counts += going
    return counts
