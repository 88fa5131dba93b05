"""Documents packed into windows of tokens, so that hardly a place of a batch is empty."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generators.errors import InvalidValue
from generators.training.windows import IGNORED, Encoded, Window, leads

Integers: TypeAlias = NDArray[np.int64]
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
        self._begins = documents.ends - lengths
        self._leads = leads(documents, labels)
        if self._leads.max(initial=0) >= size:
            raise InvalidValue("window", size, f"more than the {self._leads.max()} labels of a document")
        self._learnt = np.maximum(lengths - self._leads - 1, 0)  # positions are counted as if there were no labels
        self._cut = _cut(self._learnt, size - self._leads)
        self._document = np.repeat(np.arange(len(lengths)), self._cut.pieces)
        first = np.cumsum(self._cut.pieces) - self._cut.pieces
        self._rank = np.arange(len(self._document)) - first[self._document]
        self._length = (self._cut.size + self._leads)[self._document]  # of each piece
        # the longest first; among equals, which are exchanged in every epoch, the order means nothing
        self._by_length = np.argsort(-self._length, kind="stable")
        self._rows = max(size // max(int(self._length.max(initial=1)), 1), 1)
        rows = _packed(self._length[self._by_length].tolist(), size // self._rows)
        self._windows = [rows[at : at + self._rows] for at in range(0, len(rows), self._rows)]
        self.epoch(0)

    def __len__(self) -> int:
        return len(self._windows)

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
        self._taken = order[np.argsort(-self._length[order], kind="stable")]

    def __getitem__(self, index: int) -> list[list[Window]]:
        """The pieces in each row of a window, each with one token more than it has places."""
        return [[self._piece(int(self._taken[rank])) for rank in row] for row in self._windows[index]]

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
        document = self._document[piece]
        size, lead = int(self._cut.size[document]), int(self._leads[document])
        slack, last = int(self._learnt[document]) - size, int(self._cut.pieces[document]) - 1
        rank = int(self._rank[piece])
        inside = 0 < rank < last  # the first and the last piece keep a text's start and end
        start = round((rank + (self._shift[document] if inside else 0)) * slack / last) if slack > 0 else 0
        return self._window(document, lead, min(max(start, 0), slack), size)

    def _window(self, document: int, lead: int, start: int, size: int) -> Window:
        """What predicts the positions after `start`, so many, with the labels before it."""
        ids, begin = self._documents.ids, int(self._begins[document])
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


def _packed(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Numbers of pieces by row: each piece, the longest first, into the fullest row that still has room.

    Args:
        lengths: of pieces, falling, none longer than a row.
        size: of a row.
    """
    rows: list[list[int]] = []
    rooms: list[tuple[int, int]] = []  # what is left, rising, and of which row
    for piece, length in enumerate(lengths):
        at = bisect_left(rooms, (length, -1))
        if at == len(rooms):
            rows.append([])
            left, row = size, len(rows) - 1
        else:
            left, row = rooms.pop(at)
        rows[row].append(piece)
        if left > length:
            insort(rooms, (left - length, row))
    return rows
