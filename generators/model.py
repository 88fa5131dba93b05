"""What the engine needs of a model: states, and one step for many texts at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, overload, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from generators.completion import ModelInfo
from generators.filtering import Filtered
from generators.sampling import Ids
from generators.vocabulary import Vocabulary

Logits: TypeAlias = NDArray[np.float32]
State = TypeVar("State")
Read = TypeVar("Read", contravariant=True)


class OutOfMemory(Exception):
    """There was too little memory; no state has been changed, and with fewer texts at once it may suffice."""


class Model(Protocol[State]):
    """A loaded model. Not thread-safe: one thread owns it."""

    @property
    def info(self) -> ModelInfo: ...

    @property
    def vocabulary(self) -> Vocabulary: ...

    def start(self) -> State:
        """The state before any token; the engine feeds the start token itself."""
        ...

    @overload
    def extend(self, states: Sequence[State], tokens: Sequence[Sequence[int]]) -> Logits: ...
    @overload
    def extend(self, states: Sequence[State], tokens: Sequence[Sequence[int]], logits: Literal["last"]) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[State], tokens: Sequence[Sequence[int]], logits: Literal["all"]
    ) -> list[Logits]: ...
    def extend(
        self, states: Sequence[State], tokens: Sequence[Sequence[int]], logits: Literal["last", "all"] = "last"
    ) -> Logits | list[Logits]:
        """Takes each state further by its tokens (at least one each), in place.

        Returns:
            With "last", float32 [texts, vocabulary]: after each text's last token; with "all", one float32
            [tokens, vocabulary] a text. No row depends on another row's content. They are the caller's: no later
            call changes them.

        Raises:
            OutOfMemory: the states are as they were; a model that cannot promise this raises something else.
        """
        ...

    def fork(self, state: State) -> State:
        """A copy that goes its own way and keeps nothing else alive."""
        ...

    def nbytes(self, state: State) -> int:
        """Memory that a forked state holds, in bytes."""
        ...


class DeviceLogits(Protocol):
    """Logits [texts, vocabulary] that stay where a model computed them; what is indexed by one text is fetched."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Logits]: ...

    @overload
    def __getitem__(self, places: int) -> Logits: ...
    @overload
    def __getitem__(self, places: slice | list[int]) -> DeviceLogits: ...
    def __getitem__(self, places: int | slice | list[int]) -> Logits | DeviceLogits: ...

    def drawn(
        self, rows: Sequence[Filtered], never: Ids, end: int, endless: Sequence[int]
    ) -> tuple[list[int], list[float]]:
        """A token for each text, by the rules of `generators.filtering`, and the log of its probability before them.

        Args:
            rows: what each text is drawn through.
            never: tokens that none of them may draw.
            end: the token that ends a text.
            endless: places of texts that may not draw it.

        Returns:
            The log probability is NaN where nothing can be drawn: the logits are NaN, infinite, or all minus infinity.
        """
        ...


@runtime_checkable
class Draws(Protocol[Read]):
    """A model that can also draw where it computes, so that a GPU's logits need not cross to the processor."""

    @property
    def draws(self) -> bool:
        """Whether it computes elsewhere than NumPy does, so that this is worth it."""
        ...

    def extend_there(self, states: Sequence[Read], tokens: Sequence[Sequence[int]]) -> DeviceLogits:
        """`Model.extend` for each text's last token, whose logits stay there."""
        ...


@runtime_checkable
class Adaptable(Protocol):
    """A model that adapters can share: its weights, and the steps that it takes."""

    def adapted(self, directory: Path, info: ModelInfo) -> Model[Any] | None:
        """This model with the adapter of a directory; states of both may be extended in one call, by either.

        Returns:
            None where the adapter changes more than can be shared.

        Raises:
            UnusableModel: the adapter is damaged, or made for another model.
        """
        ...


@runtime_checkable
class Embeds(Protocol[Read]):
    """A model that can also say where a text stands among others."""

    def vector(self, state: Read) -> NDArray[np.float32]:
        """What the model carries once it has read a text: float32 [size], the caller's own.

        Vectors of one model lie near each other where its texts are alike; those of two models mean nothing to each
        other.
        """
        ...
