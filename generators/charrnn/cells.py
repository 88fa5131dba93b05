"""A recurrent layer's arithmetic on pre-activations, in place.

Gates stand side by side in columns for streams, whose step is one product for one text (a vector) or many (rows), and
apart in blocks for windows, whose many rows are passed over in two thirds of the time that way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from generators.charrnn.folding import Array

Step: TypeAlias = Callable[[], None]
Cell: TypeAlias = Callable[[Array, Array, Array], Step]
BlockCell: TypeAlias = Callable[[Array, Array, Array], None]

HALF: Final = np.array(0.5, np.float32)  # an array, which a scalar would be made into at every call


def lstm(gates: Array, hidden: Array, cell: Array) -> Step:
    """What takes h and c [..., units] a token further; `gates` [..., 4 units] in the order i, f, o, g are used up.

    For a text by itself the arrays stay the same: cutting them up takes as long as a small layer's arithmetic.
    """
    size = hidden.shape[-1]
    sigmoids = gates[..., : 3 * size]
    into, keep, out = (gates[..., gate * size : (gate + 1) * size] for gate in range(3))
    candidate = gates[..., 3 * size :]
    tanh, multiply, add = np.tanh, np.multiply, np.add

    def step() -> None:
        tanh(gates, gates)
        multiply(sigmoids, HALF, sigmoids)
        add(sigmoids, HALF, sigmoids)
        multiply(cell, keep, cell)
        multiply(candidate, into, candidate)
        add(cell, candidate, cell)
        tanh(cell, hidden)
        multiply(hidden, out, hidden)

    return step


def gru(gates: Array, hidden: Array, _: Array) -> Step:
    """As `lstm`, of h [..., units]; `gates` [..., 4 units]: r, z, n of the input, n of the state."""
    size = hidden.shape[-1]
    switches = gates[..., : 2 * size]
    reset, keep, candidate, of_state = (gates[..., gate * size : (gate + 1) * size] for gate in range(4))
    tanh, multiply, add, subtract = np.tanh, np.multiply, np.add, np.subtract

    def step() -> None:
        tanh(switches, switches)
        multiply(switches, HALF, switches)
        add(switches, HALF, switches)
        multiply(of_state, reset, of_state)
        add(candidate, of_state, candidate)
        tanh(candidate, candidate)
        subtract(hidden, candidate, hidden)
        multiply(hidden, keep, hidden)
        add(hidden, candidate, hidden)

    return step


def lstm_in_blocks(gates: Array, hidden: Array, cell: Array) -> None:
    """Takes h and c [rows, units] a step further; `gates` [4, rows, units], in the same order, are used up."""
    np.tanh(gates, out=gates)
    sigmoids = gates[:3]
    sigmoids *= 0.5
    sigmoids += 0.5
    cell *= gates[1]
    candidate = gates[3]
    candidate *= gates[0]
    cell += candidate
    np.tanh(cell, out=hidden)
    hidden *= gates[2]


def gru_in_blocks(gates: Array, hidden: Array, cell: Array) -> None:
    """Takes h [rows, units], of which `cell` has a copy, a step further; `gates` [4, rows, units] are used up."""
    switches = gates[:2]
    np.tanh(switches, out=switches)
    switches *= 0.5
    switches += 0.5
    candidate = gates[3]
    candidate *= gates[0]
    candidate += gates[2]
    np.tanh(candidate, out=candidate)
    cell -= candidate
    cell *= gates[1]
    cell += candidate
    hidden[:] = cell


CELLS: Final[dict[str, Cell]] = {"lstm": lstm, "gru": gru}
BLOCK_CELLS: Final[dict[str, BlockCell]] = {"lstm": lstm_in_blocks, "gru": gru_in_blocks}
