"""A char-RNN's layers over whole windows, in NumPy: many windows of one length side by side, each from a zero state."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generators.charrnn.cells import BLOCK_CELLS
from generators.charrnn.folding import Array, float32, gate_columns, is_tabled
from generators.charrnn.shape import Shape

Ids: TypeAlias = NDArray[np.intp]

WAYS: Final = ("", "_reverse")  # endings of torch's names
BLOCKS: Final = 4  # of gates: LSTM's i, f, o, g, or GRU's r, z, n of the input, n of the state


class Scratch:
    """Arrays that are used again by every call: fresh pages cost more than what is written into them."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Array] = {}

    def take(self, name: Hashable, *shape: int) -> Array:
        """An array of this shape with whatever is in it; it holds until the next call with the name."""
        size = math.prod(shape)
        kept = self._kept.get(name)
        if kept is None or kept.size < size:
            kept = self._kept[name] = np.empty(size, np.float32)
        return kept[:size].reshape(shape)


@dataclass(frozen=True, slots=True)
class Direction:
    """One way of reading of one layer.

    Attributes:
        table: [4, vocabulary, units], the first layer's input product and bias for each token; None for the other
            layers, and where the vocabulary is too large for it.
        of_input: [4, inputs, units].
        bias: [4, 1, units].
        of_state: [4, units, units].
        output: columns of the layer's output.
        backward: whether it reads from the right.
    """

    table: Array | None
    of_input: Array
    bias: Array
    of_state: Array
    output: slice
    backward: bool

    @property
    def units(self) -> int:
        return int(self.of_state.shape[-1])


@dataclass(frozen=True, slots=True)
class WindowLayer:
    """A layer: one direction or two, whose outputs stand side by side.

    Attributes:
        width: of the output.
        padded: [window, width], outputs while the window is still padding, and [window, units], the cell states
            before each step there; None for layers that read both ways, where padding knows of the text behind it.
    """

    directions: tuple[Direction, ...]
    width: int
    padded: tuple[Array, Array] | None = None


def directions_of(shape: Shape, index: int, own: Array, tensors: Mapping[str, Array]) -> tuple[Direction, ...]:
    """The directions of layer `index`.

    Args:
        shape: of the model.
        index: 0 for the layer over the embedding.
        own: [vocabulary, embedding], what each token adds to the input by itself.
        tensors: all of them.
    """
    size = shape.hidden_sizes[index]
    directions = []
    for place, way in enumerate(WAYS if shape.bidirectional else WAYS[:1]):
        weights = [tensors[f"rnn.{index}.{name}_l0{way}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        of_input, of_state, bias = map(_blocks, gate_columns(shape.cell, *weights))
        tabled = index == 0 and is_tabled(shape)
        table = float32(own.astype(np.float64) @ of_input + bias) if tabled else None
        columns = slice(place * size, (place + 1) * size)
        directions.append(
            Direction(table, float32(of_input), float32(bias), float32(of_state), columns, backward=place == 1)
        )
    return tuple(directions)


class WindowLayers:
    """All recurrent layers of a model with a window.

    Args:
        shape: of the model; it has a window.
        own: [vocabulary, embedding], what each token adds to the input by itself.
        tensors: checked, float32.
    """

    def __init__(self, shape: Shape, own: Array, tensors: Mapping[str, Array]) -> None:
        self._cell = BLOCK_CELLS[shape.cell]
        self._scratch = Scratch()
        self._own = own
        self._layers = [
            WindowLayer(directions_of(shape, index, own, tensors), width) for index, width in enumerate(shape.widths)
        ]
        if not shape.bidirectional:
            assert shape.window is not None
            self._layers = self._with_padding(np.full((shape.window, 1), shape.pad, np.intp))

    @property
    def skips_padding(self) -> bool:
        """Whether `outputs` can begin behind a window's padding."""
        return self._layers[0].padded is not None

    def outputs(self, ids: Ids, begins: Ids, stay: Array | None) -> list[Array]:
        """Each layer's output [window, rows, width], which holds until the next call.

        Args:
            ids: [window, rows].
            begins: [rows], rising: the step that each row's text begins at, behind padding; 0 reads everything.
            stay: [rows, embedding], to be added to every token's embedding; then `begins` has to be 0.
        """
        length, rows = ids.shape
        going = begins.searchsorted(np.arange(length), "right").tolist()
        first, last = int(begins[0]), int(begins[-1])
        outputs: list[Array] = []
        for index, layer in enumerate(self._layers):
            output = self._scratch.take(("output", index), length, rows, layer.width)
            if layer.padded is not None:
                output[:last] = layer.padded[0][:last, None]
            for direction in layer.directions:
                below = outputs[-1][first:] if outputs else None
                gates = self._gates(direction, ids[first:], below, stay)
                cells = self._scratch.take("cells", rows, direction.units)
                if layer.padded is None or not last:
                    cells[:] = 0.0
                else:
                    np.take(layer.padded[1], begins, axis=0, out=cells, mode="clip")
                self._run(direction, gates, output[..., direction.output], cells, going)
            outputs.append(output)
        return outputs

    def _gates(self, direction: Direction, ids: Ids, below: Array | None, stay: Array | None) -> Array:
        """The input's part of the gates, [4, steps, rows, units]: one product over all of them."""
        steps, rows = ids.shape
        gates = self._scratch.take("gates", BLOCKS, steps, rows, direction.units)
        flat = gates.reshape(BLOCKS, steps * rows, direction.units)
        if direction.table is None:
            if below is None:
                below = self._own[ids]
                if stay is not None:
                    below += stay
            np.matmul(below.reshape(steps * rows, -1), direction.of_input, out=flat)
            flat += direction.bias
            return gates
        for block, table in zip(gates, direction.table, strict=True):
            np.take(table, ids, axis=0, out=block, mode="clip")  # «raise» would copy once more
        if stay is not None:
            gates += (stay @ direction.of_input)[:, None]
        return gates

    def _run(self, direction: Direction, gates: Array, output: Array, cells: Array, going: Sequence[int]) -> None:
        """Writes a direction's `output` [window, rows, units], which holds what padding leaves before a row begins.

        Args:
            direction: its weights.
            gates: [4, steps, rows, units], of the window's last steps: those before are all padding.
            output: of the direction.
            cells: [rows, units], before each row's first step; used up.
            going: rows that have begun, at each step.
        """
        length, rows, units = output.shape
        skipped = length - gates.shape[1]
        times = range(length - 1, -1, -1) if direction.backward else range(skipped, length)
        back = 1 if direction.backward else -1
        texts, now = rows, self._scratch.take("now", BLOCKS, rows, units)
        for time in times:
            if texts != going[time]:
                texts = going[time]
                now = self._scratch.take("now", BLOCKS, texts, units)
            before = time + back
            if 0 <= before < length:
                np.matmul(output[before, :texts], direction.of_state, out=now)
                now += gates[:, time - skipped, :texts]
            else:
                now[:] = gates[:, time - skipped, :texts]
            self._cell(now, output[time, :texts], cells[:texts])

    def _with_padding(self, ids: Ids) -> list[WindowLayer]:
        """The layers with what they do over padding [window, 1]."""
        layers: list[WindowLayer] = []
        steps = [1] * len(ids)
        for layer, output in zip(self._layers, self.outputs(ids, np.zeros(1, np.intp), None), strict=True):
            below = layers[-1].padded[0][:, None] if layers and layers[-1].padded else None
            gates = self._gates(layer.directions[0], ids, below, None)
            cells = np.zeros((len(ids), 1, layer.width), np.float32)
            for time in range(len(ids) - 1):  # a step at a time, because a run keeps its last cells only
                cells[time + 1] = cells[time]
                self._run(layer.directions[0], gates[:, time : time + 1], output[: time + 1], cells[time + 1], steps)
            layers.append(WindowLayer(layer.directions, layer.width, (output[:, 0].copy(), cells[:, 0])))
        return layers


def _blocks(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """[..., 4 units] as [4, ..., units]; a bias of one dimension as [4, 1, units]."""
    rows = columns.reshape(-1, BLOCKS, columns.shape[-1] // BLOCKS)
    return rows.swapaxes(0, 1)
