"""What the loop and publishing ask of a model on its way, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from torch import nn

from generators.model import Model
from generators.training.windows import Encoded
from generators.vocabulary import Vocabulary


class Learnt(NamedTuple):
    """What a corpus came to.

    Attributes:
        documents, characters: how many were read, after cleaning.
        filters: documents that each filter `changed` and `removed`.
        labels: documents that each label has.
    """

    documents: int
    characters: int
    filters: Mapping[str, Mapping[str, int]]
    labels: Mapping[str, int] = MappingProxyType({})


class Examples(Protocol):
    """A data set of examples for torch's loader, as one training goes through it."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any: ...

    def plan(self, batches: int) -> None:
        """How many batches the training has."""
        ...

    def begin(self, batch: int) -> None:
        """The batch that comes next, counted over the training."""
        ...

    def epoch(self, number: int) -> None:
        """An epoch begins; the same number gives the same examples, so that a resumed run sees the same."""
        ...

    def batch(self, items: Sequence[Any]) -> dict[str, Any]:
        """Examples as the arrays that the model's `forward` takes: `input_ids`, `labels`."""
        ...


class Trainee(Protocol):
    """A model in training, with its text.

    Attributes:
        model: what Trainer trains in place; its forward gives a `loss`, nats per token.
        examples: what it learns from.
        held_out: documents that it never learns from.
        vocabulary: its tokens.
        learnt: what was read.
    """

    model: nn.Module
    examples: Examples
    held_out: Encoded
    vocabulary: Vocabulary
    learnt: Learnt

    def writer(self) -> Model[Any]:
        """The model as it is now, as people will write with it."""
        ...

    def nats(self, texts: Iterable[Sequence[int]]) -> float:
        """Summed loss in nats over every token but the first of each text, of the model as it is now."""
        ...

    def save(self, directory: Path) -> None:
        """Writes all that makes a directory this model."""
        ...

    def facts(self) -> dict[str, Any]:
        """Metrics that planchette.json records beside those of the training: `parameters`."""
        ...
