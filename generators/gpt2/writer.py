"""Writing with a GPT-2 in torch: one step over the tokens of all texts, packed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Literal, overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.completion import ModelInfo
from generators.devices import is_shortage, use_threads
from generators.directory import read_json
from generators.errors import UnusableModel
from generators.gpt2.adapters import beside
from generators.gpt2.adapting import Adapter, Adapting, Stacks
from generators.gpt2.attention import FirstRows, Reading, Stepping
from generators.gpt2.configuration import Shape
from generators.gpt2.device_logits import TorchLogits
from generators.gpt2.linear import Precision
from generators.gpt2.network import Network, Wanted
from generators.gpt2.recordings import Recorder, Recordings
from generators.gpt2.seats import COARSE, FINE, Bucket, Seats
from generators.gpt2.state import TextState, sit_down
from generators.model import Logits, OutOfMemory
from generators.places import CONFIG
from generators.vocabulary import Vocabulary


class GPT2:
    """A loaded GPT-2: `generators.model.Model`, by arithmetic that in fp32 is transformers' within 1e-4.

    Each text attends to its own keys and values only, in sizes that its own length decides; linear layers take each
    row by itself. So neighbours change nothing of a row but, in fp32 and bf16, the order of a sum in its last digits.

    Args:
        info: what it says about itself.
        vocabulary: its tokens; a larger embedding's further rows are never written.
        shape: its sizes.
        tensors: by the names of `Shape.tensors`, float32.
        device: where it computes.
        threads: of torch, where it computes on the processor; None for what suits the machine.
        precision: of the linear layers; keys and values are kept in bfloat16 unless it is fp32.
        recorder: records steps where they wait for Python more than for arithmetic, as on a GPU; None for nowhere.
    """

    def __init__(
        self,
        info: ModelInfo,
        vocabulary: Vocabulary,
        shape: Shape,
        tensors: Mapping[str, Tensor],
        device: torch.device | None = None,
        threads: int | None = None,
        precision: Precision = "fp32",
        recorder: Recorder | None = None,
    ) -> None:
        self._info = info
        self._vocabulary = vocabulary
        self._shape = shape
        self._device = device or torch.device("cpu")
        self._threads = threads
        placed = {name: tensor.to(self._device) for name, tensor in tensors.items()}
        self._network = Network(shape, placed, vocabulary.size, precision)
        self._kept = torch.float32 if precision == "fp32" else torch.bfloat16
        rooms = FINE if recorder is None else COARSE
        self._seats = Seats(shape, torch.empty(0, dtype=self._kept, device=self._device), rooms)
        self._recordings = None if recorder is None else Recordings(self._recorded, recorder)
        self._stacks = Stacks()
        self._adapter: Adapter | None = None

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def vocabulary(self) -> Vocabulary:
        return self._vocabulary

    @property
    def draws(self) -> bool:
        return self._device.type != "cpu"

    def start(self) -> TextState:
        """The state before any token."""
        return TextState(self._seats.nothing, self._seats, self._adapter)

    def adapted(self, directory: Path, info: ModelInfo) -> GPT2 | None:
        """This model with a LoRA adapter, in the number format of the cache; see `Adaptable.adapted`."""
        try:
            adapter = beside(directory, self._shape, torch.empty(0, dtype=self._kept, device=self._device))
            alike = Shape.of(read_json(directory, CONFIG)) == self._shape  # as long a context, above all
        except ValueError as fault:
            raise UnusableModel(str(directory), str(fault)) from fault
        if adapter is None or not alike:
            return None
        other = copy(self)
        other._info = info
        other._adapter = adapter
        return other

    @torch.inference_mode()
    def fork(self, state: TextState) -> TextState:
        """A copy that goes its own way and shares the keys and values so far until it does.

        Raises:
            OutOfMemory: the state is as it was.
        """
        with self._shortages():
            return state.fork()

    def nbytes(self, state: TextState) -> int:
        """Memory that a forked state holds, in bytes, what it shares with others included."""
        return state.nbytes + 1_000  # Python's and torch's own, about

    @torch.inference_mode()
    def vector(self, state: TextState) -> NDArray[np.float32]:
        """The mean over the text's tokens of the values that its last layer attends to; see `Embeds.vector`."""
        values = state.put_away().values[-1]
        found: NDArray[np.float32] = values.float().mean(dim=1).flatten().cpu().numpy()
        return found

    @overload
    def extend(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]]) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["last"]
    ) -> Logits: ...
    @overload
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["all"]
    ) -> list[Logits]: ...
    @torch.inference_mode()
    def extend(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], logits: Literal["last", "all"] = "last"
    ) -> Logits | list[Logits]:
        """Takes each state further by its tokens (at least one each), in place; see `Model.extend`.

        Raises:
            ValueError: a text would become longer than the context; no state has been changed then.
            OutOfMemory: as in `Model.extend`.
        """
        self._check(states, tokens)
        with self._shortages():
            self._seats.sweep()
            answer: Logits | list[Logits]
            if logits == "last":
                found, closes = self._last(states, tokens)
                answer = found.cpu().numpy()
            else:
                hidden, closes = self._packed(states, tokens)
                rows = torch.split(hidden, [len(ids) for ids in tokens])
                answer = [self._network.logits(each).cpu().numpy() for each in rows]
        for close in closes:  # nothing can fail any more: the states go on together, or none does
            close()
        return answer

    @torch.inference_mode()
    def extend_there(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]]) -> TorchLogits:
        """As `extend`, with the logits after each text's last token left where they are; see `Draws`."""
        self._check(states, tokens)
        with self._shortages():
            self._seats.sweep()
            found, closes = self._last(states, tokens)
        for close in closes:
            close()
        return TorchLogits(found)

    def _check(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]]) -> None:
        use_threads(self._threads)
        for state, ids in zip(states, tokens, strict=True):
            after = state.length + len(ids)
            if after > self._shape.context:
                raise ValueError(f"a text of {after:,} tokens exceeds {self._shape.context:,} positions")

    @contextmanager
    def _shortages(self) -> Iterator[None]:
        """Says of a shortage of memory that no state has been changed, and gives back what can be made anew."""
        try:
            yield
        except (MemoryError, RuntimeError) as fault:
            if not is_shortage(fault):
                raise
            if self._recordings is not None:
                self._recordings.clear()
            self._seats.trim()
            raise OutOfMemory(str(fault)) from fault

    def _last(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]]
    ) -> tuple[Tensor, list[Callable[[], None]]]:
        """Logits after each text's last token, the caller's own, and what has to be done once all is well."""
        # replays first: they leave a token at the next place of whoever else sits there, which is written over below
        replayed, found = self._replayed(states, tokens)
        closes = [states[place].stepped for place in replayed]
        rest = sorted(set(range(len(states))).difference(replayed))
        if rest:
            going, ids = [states[place] for place in rest], [tokens[place] for place in rest]
            hidden, others = self._packed(going, ids, self._last_of(going, ids))
            found.append(self._network.logits(hidden))
            closes += others
        together = found[0] if len(found) == 1 else torch.cat(found)
        order = replayed + rest
        if order != sorted(order):
            together = together[torch.tensor(order).argsort().to(self._device)]
        return together, closes

    def _replayed(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]]) -> tuple[list[int], list[Tensor]]:
        """Places of the texts whose step has been recorded, and their logits in pieces of that order."""
        replayed: list[int] = []
        found: list[Tensor] = []
        if self._recordings is None:
            return replayed, found
        going = [place for place, ids in enumerate(tokens) if len(ids) == 1 and states[place].adapter is None]
        sit_down([states[place] for place in going])  # all of them first: it may give a bucket other tensors
        together: dict[int, list[int]] = {}
        for place in going:
            if not states[place].past.tokens:
                together.setdefault(states[place].sit().bucket.capacity, []).append(place)
        for places in together.values():
            seats = [states[place].sit() for place in places]
            logits = self._recordings.logits(seats[0].bucket, seats, [tokens[place][0] for place in places])
            if logits is not None:
                replayed += places
                found.append(logits)
        return replayed, found

    def _recorded(self, bucket: Bucket, ids: Tensor, places: Tensor) -> Tensor:
        """A step of the first rows of a bucket, in tensors alone; see `Recordings`."""
        return self._network.logits(
            self._network.through(self._network.embedded(ids, places), [FirstRows(bucket, places)], None)
        )

    def _last_of(self, states: Sequence[TextState], tokens: Sequence[Sequence[int]]) -> Wanted | None:
        """The last token of each text; None where they have no others."""
        lengths = [len(ids) for ids in tokens]
        if max(lengths) == 1:
            return None
        ends = torch.tensor(lengths).cumsum(0)
        return Wanted((ends - 1).to(self._device), self._adapting(states, [1] * len(states)))

    def _packed(
        self, states: Sequence[TextState], tokens: Sequence[Sequence[int]], wanted: Wanted | None = None
    ) -> tuple[Tensor, list[Callable[[], None]]]:
        """The last hidden vectors [tokens, width] of all or those wanted, and what has to be done once all is well."""
        lengths = [len(ids) for ids in tokens]
        ids = torch.tensor([token for each in tokens for token in each], device=self._device)
        places = [torch.arange(state.length, state.length + n) for state, n in zip(states, lengths, strict=True)]
        x = self._network.embedded(ids, torch.cat(places).to(self._device))
        parts = self._parts(states, lengths)
        hidden = self._network.through(x, parts, self._adapting(states, lengths), wanted)
        return hidden, [part.ended() for part in parts]

    def _parts(self, states: Sequence[TextState], lengths: Sequence[int]) -> list[Stepping | Reading]:
        """The texts by how they attend."""
        reading: dict[tuple[int, int], list[tuple[int, TextState]]] = {}
        stepping: list[tuple[int, TextState]] = []
        row = 0
        for state, count in zip(states, lengths, strict=True):
            if count > 1:
                reading.setdefault((state.length, count), []).append((row, state))
            else:
                stepping.append((row, state))
            row += count
        parts = [Reading(members, count) for (_, count), members in reading.items()]
        sit_down([state for _, state in stepping])
        alike: dict[tuple[int, int], list[tuple[int, TextState]]] = {}
        for row, state in stepping:
            alike.setdefault((state.sit().bucket.capacity, id(state.past)), []).append((row, state))
        return [*parts, *(Stepping(members) for members in alike.values())]

    def _adapting(self, states: Sequence[TextState], lengths: Sequence[int]) -> Adapting | None:
        if all(state.adapter is None for state in states):
            return None
        rows = [state.adapter for state, count in zip(states, lengths, strict=True) for _ in range(count)]
        return Adapting(self._stacks, rows, self._device)
