"""The order in which an epoch takes its examples: shuffled, with those of like length side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile, gettempdir
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Sampler

from generators.training.work import saving

LARGE: Final = 1 << 20  # examples; the order of more lies in a file
POOL: Final = 64  # batches whose examples are exchanged; of titles, 94 % of a batch is then text, not padding


class Shuffled(Sampler[int]):
    """Every example once an epoch, in the order of accelerate's SeedableRandomSampler but for batches of like length.

    That one, which is torch's RandomSampler, lists all numbers as Python's integers, forty bytes each. Of every `POOL`
    batches the examples are sorted by length and the batches shuffled again, so that little of a batch is padding
    (as Hugging Face's group_by_length does, whose batches come longest first).

    Args:
        size: examples.
        seed: decides the order, with the epoch.
        batch: examples of a batch.
        lengths: tokens of the examples of these numbers.
        scratch: directory for a file of the order, if it is long.
    """

    def __init__(
        self,
        size: int,
        seed: int,
        batch: int,
        lengths: Callable[[NDArray[np.int64]], NDArray[np.int64]],
        scratch: Path | None = None,
    ) -> None:
        self._size = size
        self._seed = seed
        self._batch = batch
        self._lengths = lengths
        self._scratch = scratch
        self._epoch = 0

    def __len__(self) -> int:
        return self._size

    def set_epoch(self, epoch: int) -> None:
        """The epoch that comes next; a resumed training calls this."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator()
        generator.manual_seed(self._seed + self._epoch)
        order = self._room()
        torch.randperm(self._size, generator=generator, out=torch.from_numpy(order))
        rng = np.random.default_rng((self._seed, self._epoch))
        pool = POOL * self._batch
        for at in range(0, self._size, pool):
            yield from self._pooled(order[at : at + pool], rng).tolist()
        self._epoch += 1

    def _pooled(self, pool: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        """The same examples, those of like length in one batch; what is left over comes last."""
        whole = len(pool) // self._batch * self._batch
        alike = pool[np.argsort(self._lengths(pool[:whole]), kind="stable")]
        batches = alike.reshape(-1, self._batch)
        return np.concatenate((rng.permutation(batches).ravel(), pool[whole:]))

    def _room(self) -> NDArray[np.int64]:
        if self._size < LARGE:
            return np.empty(self._size, np.int64)
        place = self._scratch or Path(gettempdir())
        with saving(place), TemporaryFile(dir=place) as file:
            os.posix_fallocate(file.fileno(), 0, 8 * self._size)  # a full disk is told here, not by a signal later
            return np.memmap(file, np.int64, "w+", shape=(self._size,))
