"""Documents packed into windows of tokens, so that hardly a place of a batch is empty."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generators.errors import InvalidValue
from generators.training.windows import IGNORED, Encoded, Window, leads

Integers: TypeAlias = NDArray[np.int64]
Small: TypeAlias = NDArray[np.int32]  # what there is of each piece
TOUCHING: Final = 8  # pieces of a long document are longer by this part of a window than they have to be


class Cut(NamedTuple):
    """How long documents fall into pieces that fit into a window.

    Attributes:
        pieces: of each document.
        size: of each document's pieces, in learnt tokens.
    """

    pieces: Integers
    size: Integers


class Packs:
    """A data set of windows filled with whole documents and pieces of long ones, for torch's DataLoader.

    Positions begin at 0 in each piece, by which attention knows where it must not look further back; a piece predicts
    its own next tokens only, the end included. A document's labels, which follow its start token, are read at the
    beginning of each of its pieces and never learnt. Which pieces share a window changes from epoch to epoch, and so
    does where long documents are cut; how many windows there are does not.

    A window is one row, or where all documents are short as many rows as still hold the longest: attention costs the
    square of a row's length.

    Attributes:
        size: tokens that a window predicts.

    Args:
        documents: to learn from, each [start, label…, text…, end].
        size: the same.
        seed: decides who shares a window, and the cuts.
        pad: id that fills what stays empty.
        labels: ids of label tokens.
        label_dropout: share of the documents that an epoch shows without their labels.

    Raises:
        InvalidValue: a document has more labels than fit into a window.
    """

    def __init__(
        self,
        documents: Encoded,
        size: int,
        *,
        seed: int,
        pad: int,
        labels: Sequence[int] = (),
        label_dropout: float = 0.0,
    ) -> None:
        self._documents = documents
        self.size = size
        self._seed = seed
        self._pad = pad
        self._label_dropout = label_dropout
        lengths = np.diff(documents.ends, prepend=0)
        self._leads = leads(documents, labels)
        if self._leads.max(initial=0) >= size:
            raise InvalidValue("window", size, f"more than the {self._leads.max()} labels of a document")
        self._learnt = np.maximum(lengths - self._leads - 1, 0)  # positions are counted as if there were no labels
        self._cut = _cut(self._learnt, size - self._leads)
        self._through = np.cumsum(self._cut.pieces)  # pieces up to the end of each document
        self._length = np.repeat((self._cut.size + self._leads).astype(np.int32), self._cut.pieces)  # of each piece
        # the longest first; among equals, which are exchanged in every epoch, the order means nothing
        self._rows = max(size // max(int(self._length.max(initial=1)), 1), 1)
        row_of = _packed(-np.sort(-self._length), size // self._rows)
        self._order = np.argsort(row_of, kind="stable").astype(np.int32)  # pieces row by row, the longest first
        self._row_ends = np.cumsum(np.bincount(row_of)) if len(row_of) else np.empty(0, np.int64)
        self.epoch(0)

    def __len__(self) -> int:
        return -(-len(self._row_ends) // self._rows)

    @property
    def tokens(self) -> int:
        """Tokens that an epoch learns to predict."""
        return int((self._cut.pieces * self._cut.size).sum())

    def plan(self, batches: int) -> None:
        """Nothing depends on how many batches there are."""

    def begin(self, batch: int) -> None:
        """Nothing depends on how many batches there were."""

    def epoch(self, number: int) -> None:
        """Exchanges pieces of equal length and moves the cuts; the same for the same number."""
        rng = np.random.default_rng((self._seed, number))
        self._shift = rng.uniform(-0.5, 0.5, len(self._documents))
        self._bare = rng.random(len(self._documents)) < self._label_dropout
        order = rng.permutation(len(self._length))
        self._taken: Small = order[np.argsort(-self._length[order], kind="stable")].astype(np.int32)

    def __getitem__(self, index: int) -> list[list[Window]]:
        """The pieces in each row of a window, each with one token more than it has places."""
        first = (index if index >= 0 else index + len(self)) * self._rows
        rows = range(first, min(first + self._rows, len(self._row_ends)))
        return [[self._piece(int(self._taken[rank])) for rank in self._row(row)] for row in rows]

    def _row(self, row: int) -> Small:
        return self._order[self._row_ends[row - 1] if row else 0 : self._row_ends[row]]

    def batch(self, windows: Sequence[Sequence[Sequence[Window]]]) -> dict[str, Integers]:
        """`input_ids`, `labels` (of each place, the token after it) and `position_ids` [rows, tokens].

        Empty places, at the end, are one more piece: no other attends to them, and they predict nothing.
        """
        rows = list(chain.from_iterable(windows))
        longest = max(sum(len(piece.ids) - 1 for piece in row) for row in rows)
        ids = np.full((len(rows), longest), self._pad, np.int64)
        labels = np.full((len(rows), longest), IGNORED, np.int64)
        positions = np.zeros((len(rows), longest), np.int64)
        for row, pieces in enumerate(rows):
            at = 0
            for piece, first in pieces:
                after = at + len(piece) - 1
                ids[row, at:after] = piece[:-1]
                labels[row, at + first - 1 : after] = piece[first:]
                positions[row, at:after] = np.arange(after - at)
                at = after
            positions[row, at:] = np.arange(longest - at)
        return {"input_ids": ids, "labels": labels, "position_ids": positions}

    def _piece(self, piece: int) -> Window:
        document = int(np.searchsorted(self._through, piece, "right"))
        size, lead = int(self._cut.size[document]), int(self._leads[document])
        slack, last = int(self._learnt[document]) - size, int(self._cut.pieces[document]) - 1
        rank = piece - (int(self._through[document - 1]) if document else 0)
        inside = 0 < rank < last  # the first and the last piece keep a text's start and end
        start = round((rank + (self._shift[document] if inside else 0)) * slack / last) if slack > 0 else 0
        return self._window(document, lead, min(max(start, 0), slack), size)

    def _window(self, document: int, lead: int, start: int, size: int) -> Window:
        """What predicts the positions after `start`, so many, with the labels before it."""
        ids, begin = self._documents.ids, self._documents.begin(document)
        if not lead:
            return Window(ids[begin + start : begin + start + size + 1])
        front = [ids[begin : begin + 1]] if start == 0 else []
        if not self._bare[document]:
            front.append(ids[begin + 1 : begin + 1 + lead])
        text = ids[begin + lead + max(start, 1) : begin + lead + start + size + 1]
        return Window(np.concatenate((*front, text)), 1 if self._bare[document] else lead + 1)


def _cut(learnt: Integers, size: Integers) -> Cut:
    """Whole documents where they fit; otherwise as few pieces as cover the text, overlapping by a little.

    Args:
        learnt: tokens of each document.
        size: longest piece of each.
    """
    pieces = -(-learnt // size)
    even = -(-learnt // np.maximum(pieces, 1))
    return Cut(pieces, np.where(pieces > 1, np.minimum(even + size // TOUCHING, size), learnt))


def _packed(lengths: Small, size: int) -> Small:
    """The row of each piece: each, the longest first, goes into the fullest row that still has room.

    Args:
        lengths: of pieces, falling, none longer than a row.
        size: of a row.
    """
    row_of = np.empty(len(lengths), np.int32)
    open_rows: dict[int, list[int]] = {}  # by what is left in them, the lowest number first
    rooms: list[int] = []  # what is left in some row, rising
    rows = 0
    for piece, length in enumerate(map(int, lengths)):
        at = bisect_left(rooms, length)
        if at == len(rooms):
            left, row, rows = size, rows, rows + 1
        else:
            left = rooms[at]
            row = heappop(open_rows[left])
            if not open_rows[left]:
                del open_rows[left], rooms[at]
        row_of[piece] = row
        if left > length:
            if left - length not in open_rows:
                insort(rooms, left - length)
            heappush(open_rows.setdefault(left - length, []), row)
    return row_of
