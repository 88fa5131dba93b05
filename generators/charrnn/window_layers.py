"""A char-RNN's layers over whole windows, in NumPy: many windows of one length side by side, each from a zero state."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generators.charrnn.cells import CELLS, Cell
from generators.charrnn.folding import Array, gate_columns
from generators.charrnn.shape import Shape

Ids: TypeAlias = NDArray[np.intp]

WAYS: Final = ("", "_reverse")  # endings of torch's names


class Scratch:
    """Arrays that are used again by every call: fresh pages cost more than what is written into them."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, Array] = {}

    def take(self, name: Hashable, *shape: int) -> Array:
        """An array of this shape with whatever is in it; it holds until the next call with the name."""
        size = int(np.prod(shape))
        kept = self._kept.get(name)
        if kept is None or kept.size < size:
            kept = self._kept[name] = np.empty(size, np.float32)
        return kept[:size].reshape(shape)


@dataclass(frozen=True, slots=True)
class Direction:
    """One way of reading of one layer; columns are gates as `cells.py` has them.

    Attributes:
        table: [vocabulary, gates], the first layer's input product and bias for each token; else None.
        of_input: [inputs, gates].
        bias: [gates].
        of_state: [units, gates].
        output: columns of the layer's output.
        backward: whether it reads from the right.
    """

    table: Array | None
    of_input: Array
    bias: Array
    of_state: Array
    output: slice
    backward: bool


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
        of_input, of_state, bias = gate_columns(shape.cell, *weights)
        table = None if index else _float32(own.astype(np.float64) @ of_input + bias)
        columns = slice(place * size, (place + 1) * size)
        directions.append(
            Direction(table, _float32(of_input), _float32(bias), _float32(of_state), columns, backward=place == 1)
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
        self._cell: Cell = CELLS[shape.cell]
        self._copies = shape.cell == "gru"  # its cell reads the hidden state that it writes
        self._scratch = Scratch()
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
                gates = self._scratch.take("gates", length, rows, direction.bias.size)
                self._feed(direction, gates[first:], ids[first:], outputs[-1][first:] if outputs else None, stay)
                cells = self._scratch.take("cells", rows, direction.of_state.shape[0])
                if layer.padded is None or not last:
                    cells[:] = 0.0
                else:
                    np.take(layer.padded[1], begins, axis=0, out=cells, mode="clip")
                self._run(direction, gates, output[..., direction.output], cells, going)
            outputs.append(output)
        return outputs

    def _feed(self, direction: Direction, gates: Array, ids: Ids, below: Array | None, stay: Array | None) -> None:
        """The input's part of every step's gates, [steps, rows, gates]."""
        if direction.table is None:
            assert below is not None
            steps, rows, width = below.shape
            np.dot(below.reshape(-1, width), direction.of_input, out=gates.reshape(steps * rows, -1))
            gates += direction.bias
            return
        np.take(direction.table, ids, axis=0, out=gates, mode="clip")  # «raise» would copy once more
        if stay is not None:
            gates += stay @ direction.of_input

    def _run(self, direction: Direction, gates: Array, output: Array, cells: Array, going: Sequence[int]) -> None:
        """Writes a direction's `output` [window, rows, units], where it holds what padding leaves before a row begins.

        Args:
            direction: its weights.
            gates: [window, rows, gates]; used up.
            output: of the direction.
            cells: [rows, units], before each row's first step; used up.
            going: rows that have begun, at each step; none begins later than at the last.
        """
        length = len(going)
        added = self._scratch.take("added", *gates.shape[1:])
        before = length if direction.backward else -1
        for time in range(length - 1, -1, -1) if direction.backward else range(length):
            texts = going[time]
            if texts:
                now, hidden = gates[time, :texts], output[time, :texts]
                if 0 <= before < length:
                    now += np.dot(output[before, :texts], direction.of_state, out=added[:texts])
                    if self._copies:
                        hidden[:] = output[before, :texts]
                elif self._copies:
                    hidden[:] = 0.0
                self._cell(now, hidden, cells[:texts])
            before = time

    def _with_padding(self, ids: Ids) -> list[WindowLayer]:
        """The layers with what they do over padding [window, 1]."""
        outputs = self.outputs(ids, np.zeros(1, np.intp), None)
        layers = []
        for index, layer in enumerate(self._layers):
            direction = layer.directions[0]
            gates = self._scratch.take("gates", *ids.shape, direction.bias.size)
            self._feed(direction, gates, ids, outputs[index - 1] if index else None, None)
            cells = np.zeros((len(ids) + 1, 1, layer.width), np.float32)
            output = np.empty((len(ids), 1, layer.width), np.float32)
            for time in range(len(ids)):
                cells[time + 1] = cells[time]
                before, hidden = output[time - 1 : time], output[time]
                if time:
                    gates[time] += before[0] @ direction.of_state
                hidden[:] = before[0] if time else 0.0
                self._cell(gates[time], hidden, cells[time + 1])
            layers.append(WindowLayer(layer.directions, layer.width, (output[:, 0], cells[:-1, 0])))
        return layers


def _float32(array: NDArray[np.floating]) -> Array:
    return np.ascontiguousarray(array, dtype=np.float32)
