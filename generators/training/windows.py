"""Documents as token ids, and the windows of them that training sees."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generators.training.scratch import BLOCK, Growing, drawn, filled

Ids: TypeAlias = NDArray[np.integer[Any]]  # uint16 where the vocabulary allows: half of a corpus' size

IGNORED: Final = -100  # label of padding: torch's cross_entropy leaves it out


@dataclass(frozen=True, slots=True)
class Encoded:
    """Documents of token ids, end to end: each begins with the start token and ends with the end token.

    Attributes:
        ids: of all documents.
        ends: where each document ends in `ids`.
        scratch: directory for files of what is made of them.
    """

    ids: Ids
    ends: NDArray[np.int64]
    scratch: Path | None = None

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, document: int) -> Ids:
        return self.ids[self.begin(document) : self.ends[document]]

    def begin(self, document: int) -> int:
        """Where a document begins in `ids`."""
        return int(self.ends[document - 1]) if document else 0

    @classmethod
    def of(cls, documents: Iterable[Iterable[int]], vocabulary_size: int, scratch: Path | None = None) -> Encoded:
        """Documents that may come one at a time."""
        written = EncodedFile(vocabulary_size, scratch)
        for document in documents:
            written.add(document)
        return written.encoded()

    def taken(self, chosen: NDArray[np.bool_]) -> Encoded:
        """The chosen documents, a copy."""
        numbers = np.flatnonzero(chosen)
        ids = filled(self.ids.dtype, (self[document] for document in numbers.tolist()), self.scratch)
        return Encoded(ids, np.cumsum(np.diff(self.ends, prepend=0)[numbers], dtype=np.int64), self.scratch)

    def part(self, ids: Ids) -> Encoded:
        """A part of the ids as the only document."""
        return Encoded(ids, np.array([len(ids)], np.int64), self.scratch)

    def blocks(self) -> Iterator[tuple[int, int, NDArray[np.int64]]]:
        """The documents, some at a time: the first, the one after the last, and where each begins."""
        for first in range(0, len(self), BLOCK):
            after = min(first + BLOCK, len(self))
            begins = np.empty(after - first, np.int64)
            begins[0] = self.begin(first)
            begins[1:] = self.ends[first : after - 1]
            yield first, after, begins


class EncodedFile:
    """Documents of token ids on their way into files.

    Args:
        vocabulary_size: of all tokens.
        scratch: directory for the files.
    """

    def __init__(self, vocabulary_size: int, scratch: Path | None = None) -> None:
        self._letter = "H" if vocabulary_size <= 1 << 16 else "I"
        self._ids: Growing[np.integer[Any]] = Growing(self._letter, scratch)
        self._ends: Growing[np.int64] = Growing(np.int64, scratch)
        self._pending = array("q")
        self._scratch = scratch

    def __len__(self) -> int:
        return len(self._ends) + len(self._pending)

    def add(self, document: Iterable[int]) -> None:
        """Adds a document of any length."""
        ids = iter(document)
        while block := array(self._letter, islice(ids, BLOCK)):
            self._ids.extend(np.asarray(block))
        self._pending.append(len(self._ids))
        if len(self._pending) >= BLOCK:
            self._flush()

    def encoded(self) -> Encoded:
        """All documents; none can be added any more."""
        self._flush()
        return Encoded(self._ids.array(), self._ends.array(), self._scratch)

    def _flush(self) -> None:
        self._ends.extend(np.asarray(self._pending))
        self._pending = array("q")


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
        self._short, self._repeat = short, repeat
        self._labels = tuple(labels)
        self._through = filled(np.int64, self._counted(), documents.scratch)
        self.stretch = 1
        self._batch = 0
        self._stretch = stretch, stretched
        self._stretched: tuple[int, float] = 1, 0.0
        self.epoch(0)

    def __len__(self) -> int:
        return int(self._through[-1]) if len(self._through) else 0

    def _counted(self) -> Iterator[NDArray[np.int64]]:
        """How many windows there are up to the end of each document, some documents at a time."""
        before = 0
        for first, after, begins in self._documents.blocks():
            lengths = self._documents.ends[first:after] - begins - leads(self._documents, self._labels, first, after)
            times = np.where(lengths <= self._short, self._repeat, 1)
            through = before + np.cumsum(self._windows_of(lengths) * times)
            before = int(through[-1])
            yield through

    def _windows_of(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Windows that cover documents of so many tokens, labels not counted."""
        predicted = np.maximum(lengths - 1, 0)
        if self._step:
            return np.where(predicted > 0, -(-np.maximum(predicted - self._size, 0) // self._step) + 1, 0)
        return -(-predicted // self._size)

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
        documents, scratch = len(self._documents), self._documents.scratch
        self._shift = drawn(np.float64, documents, lambda size: rng.uniform(-0.5, 0.5, size), scratch)
        if self._labels:
            self._bare = drawn(np.bool_, documents, lambda size: rng.random(size) < self._label_dropout, scratch)

    def __getitem__(self, index: int) -> Window:
        if index < 0:
            index += len(self)
        document = int(np.searchsorted(self._through, index, "right"))
        lead = lead_of(self._documents, self._labels, document)
        length = int(self._documents.ends[document]) - self._documents.begin(document) - lead
        windows = int(self._windows_of(np.array([length]))[0])
        size = self._size * self.stretch
        slack = length - 1 - size
        if slack <= 0:
            return self._window(document, lead, 0, length)
        rank = (index - (int(self._through[document - 1]) if document else 0)) % windows
        start = self._start(document, rank, windows, slack)
        return self._window(document, lead, start, start + size + 1)

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

    def _start(self, document: int, rank: int, windows: int, slack: int) -> int:
        """Where a window of a document with so many places for it begins."""
        if self._step:
            return min(rank * self._step, slack)
        last = max(windows - 1, 1)
        inside = 0 < rank < last  # the first and the last window keep a text's start and end
        return min(max(round((rank + (float(self._shift[document]) if inside else 0)) * (slack / last)), 0), slack)

    def _window(self, document: int, lead: int, start: int, end: int) -> Window:
        """What predicts the positions after `start` up to `end`, with the labels and the context before it."""
        ids, begin = self._documents.ids, self._documents.begin(document)
        earliest = max(start - self._context, 0)
        text = ids[begin + lead + max(earliest, 1) : begin + lead + end]
        front = [] if earliest else [ids[begin : begin + 1]]
        if lead and not self._bare[document]:
            front.append(ids[begin + 1 : begin + 1 + lead])
            return Window(np.concatenate((*front, text)), lead + start - earliest + 1)
        if lead and front:
            return Window(np.concatenate((*front, text)), start - earliest + 1)
        return Window(ids[begin + earliest + lead : begin + lead + end], start - earliest + 1)


def leads(documents: Encoded, labels: Sequence[int], first: int = 0, after: int | None = None) -> NDArray[np.int64]:
    """How many label tokens follow the start token of each of these documents."""
    after = len(documents) if after is None else after
    counts = np.zeros(after - first, np.int64)
    if not labels or not len(counts):
        return counts
    ends = documents.ends[first:after]
    begins = np.concatenate(([documents.begin(first)], ends[:-1]))
    going = np.ones(len(counts), bool)
    while going.any():
        at = begins + 1 + counts
        going &= at < ends
        going[going] = np.isin(documents.ids[at[going]], labels)
        counts += going
    return counts


def lead_of(documents: Encoded, labels: Sequence[int], document: int) -> int:
    """How many label tokens follow the start token of a document."""
    if not labels:
        return 0
    at = first = documents.begin(document) + 1
    while at < documents.ends[document] and int(documents.ids[at]) in labels:
        at += 1
    return at - first
