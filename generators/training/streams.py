"""A text in streams side by side: each batch goes on where the one before it ended, and so does the model's state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from generators.training.scratch import BLOCK, drawn, filled
from generators.training.windows import IGNORED, Encoded, Ids

if TYPE_CHECKING:
    from torch import nn

    from generators.charrnn.modeling import CarriedState

BEGINS: Final = "begins"  # in a batch: whether the state starts from zero


class Streams:
    """A data set of consecutive batches, for torch's DataLoader without shuffling.

    The documents stand end to end, one token between two of them being the end of the first and the start of the
    second, cut into as many streams of the same length as a batch has rows. An epoch goes through all of them once.

    Attributes:
        carried: the state between batches.

    Args:
        documents: to learn from.
        rows: streams; fewer where the text is too short for windows of that size.
        size: tokens that a batch predicts in each stream.
        start: id of the token that begins and ends a document.
        seed: decides which documents are seen without their labels.
        labels: ids of label tokens.
        label_dropout: share of the documents that an epoch shows without their labels.
    """

    def __init__(
        self,
        documents: Encoded,
        rows: int,
        size: int,
        start: int,
        seed: int,
        labels: Sequence[int] = (),
        label_dropout: float = 0.0,
    ) -> None:
        self._size = size
        self._loaded = rows
        self._start = start
        self._seed = seed
        self._label_dropout = label_dropout
        self._scratch = documents.scratch
        self._ids = _joined(documents)
        self._documents = len(documents)
        self._labels = np.array(labels, np.int64)
        dropped = len(labels) and label_dropout
        self._ends = filled(np.int64, _joined_ends(documents), self._scratch) if dropped else None
        predicted = max(len(self._ids) - 1, 0)
        self._rows = max(1, min(rows, predicted // size))
        self._length = predicted // self._rows  # predicted in each stream; fewer than `rows` tokens are left over
        self._steps = -(-self._length // size)
        self.carried = Carried()
        self.epoch(0)

    def __len__(self) -> int:
        return self._steps * self._loaded  # as many as the loader asks for, whatever a batch then has

    def plan(self, batches: int) -> None:
        """The number of batches changes nothing here."""

    def begin(self, batch: int) -> None:
        """Which batch comes next is told by what the loader asks for."""

    def epoch(self, number: int) -> None:
        """Decides which documents are seen without their labels; the same for the same number."""
        if self._ends is not None:
            rng = np.random.default_rng((self._seed, number))
            share = self._label_dropout
            self._bare = drawn(np.bool_, self._documents, lambda size: rng.random(size) < share, self._scratch)

    def __getitem__(self, index: int) -> int:
        return index // self._loaded

    def __getitems__(self, indices: Sequence[int]) -> list[int]:
        return [self[indices[0]]]

    def batch(self, items: Sequence[int]) -> dict[str, NDArray[Any]]:
        """`input_ids` [streams, tokens] of a step, `labels` with one token more, and whether it is an epoch's first.

        That token is what the next step reads first: read here too, it would pass through the state twice.
        """
        at = items[0] * self._size
        width = min(self._size, self._length - at) + 1
        places = np.arange(self._rows)[:, None] * self._length + at + np.arange(width)
        ids = self._ids[places].astype(np.int64)
        are_labels = np.isin(ids, self._labels)
        if self._ends is not None:
            bare = self._bare[np.searchsorted(self._ends, places, "right")]
            ids = np.where(are_labels & bare, self._start, ids)
        labels = np.where(are_labels, IGNORED, ids)
        return {"input_ids": ids[:, :-1], "labels": labels, BEGINS: np.array(items[0] == 0)}


class Carried:
    """The state after a batch, which the next one starts from."""

    def __init__(self) -> None:
        self._state: CarriedState | None = None

    def between(self, model: nn.Module) -> None:
        """Gives each batch that the model learns from the state after the one before."""

        def before(module: nn.Module, _: Any, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            begins = inputs.pop(BEGINS, None)
            if module.training and begins is not None and not bool(begins):
                inputs["state"] = self._state
            return _, inputs

        def after(module: nn.Module, _: Any, __: Any, output: Any) -> None:
            if module.training:
                self._state = output.state.detached()
                output.state = None

        model.register_forward_pre_hook(before, with_kwargs=True)
        model.register_forward_hook(after, with_kwargs=True)

    def save(self, path: Path) -> None:
        """Writes the state beside a checkpoint, which need not stand at an epoch's end."""
        import torch

        torch.save(None if self._state is None else tuple(self._state), path)

    def load(self, path: Path, device: Any) -> None:
        """Takes up the state that was saved; nothing where there is none."""
        import torch

        from generators.charrnn.modeling import CarriedState

        if path.exists():
            kept = torch.load(path, map_location=device, weights_only=True)
            self._state = None if kept is None else CarriedState(*kept)


def _joined(documents: Encoded) -> Ids:
    """All documents' ids, without the start of each that follows another's end."""
    if len(documents) < 2:
        return documents.ids
    return filled(documents.ids.dtype, _without_starts(documents), documents.scratch)


def _without_starts(documents: Encoded) -> Iterator[Ids]:
    begins = documents.ends[:-1]
    for at in range(0, len(documents.ids), BLOCK):
        ids = documents.ids[at : at + BLOCK]
        kept = np.ones(len(ids), bool)
        first, after = np.searchsorted(begins, [at, at + len(ids)])
        kept[begins[first:after] - at] = False
        yield ids[kept]


def _joined_ends(documents: Encoded) -> Iterator[NDArray[np.int64]]:
    """Where each document ends in the joined ids, some documents at a time."""
    for first, after, _ in documents.blocks():
        yield documents.ends[first:after] - np.arange(first, after)
