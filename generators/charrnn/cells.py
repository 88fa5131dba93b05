"""A recurrent layer's arithmetic on pre-activations, in place.

Gates stand side by side in columns for streams, whose step is one product for one text (a vector) or many (rows), and
apart in blocks for windows, whose many rows are passed over in two thirds of the time that way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from generators.charrnn.folding import Array

Cell: TypeAlias = Callable[[Array, Array, Array], None]


def lstm(gates: Array, hidden: Array, cell: Array) -> None:
    """Takes h and c [..., units] a token further; `gates` [..., 4 units] in the order i, f, o, g are used up."""
    size = hidden.shape[-1]
    np.tanh(gates, out=gates)
    sigmoids = gates[..., : 3 * size]
    sigmoids *= 0.5
    sigmoids += 0.5
    cell *= gates[..., size : 2 * size]
    candidate = gates[..., 3 * size :]
    candidate *= gates[..., :size]
    cell += candidate
    np.tanh(cell, out=hidden)
    hidden *= gates[..., 2 * size : 3 * size]


def gru(gates: Array, hidden: Array, _: Array) -> None:
    """Takes h [..., units] a token further; `gates` [..., 4 units]: r, z, n of the input, n of the state."""
    size = hidden.shape[-1]
    switches = gates[..., : 2 * size]
    np.tanh(switches, out=switches)
    switches *= 0.5
    switches += 0.5
    candidate, of_state = gates[..., 2 * size : 3 * size], gates[..., 3 * size :]
    of_state *= gates[..., :size]
    candidate += of_state
    np.tanh(candidate, out=candidate)
    hidden -= candidate
    hidden *= gates[..., size : 2 * size]
    hidden += candidate


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
BLOCK_CELLS: Final[dict[str, Cell]] = {"lstm": lstm_in_blocks, "gru": gru_in_blocks}
