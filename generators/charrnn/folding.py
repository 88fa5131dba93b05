"""A char-RNN's tensors rearranged for one step in NumPy: fewer products, fewer passes over memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generators.charrnn.shape import Shape

__all__ = ["Array", "Layer", "Shape", "float32", "gate_columns", "is_tabled", "layers_of", "own_embeddings"]

Array: TypeAlias = NDArray[np.float32]


TABLE_BYTES: Final = 32 * 1024 * 1024  # of tables over the vocabulary; 1,400 tokens of textgenrnn's size still fit


@dataclass(frozen=True, slots=True)
class Layer:
    """One recurrent layer; its four column blocks are LSTM's i, f, o, g or GRU's r, z, n of the input, n of the state.

    Attributes:
        product: [inputs + units, 4 units], so that [x, h] @ product is every gate's pre-activation; of a first layer
            with a table and without labels only the rows of h.
        bias: [4 units]; zero-sized where there is a table.
        table: [vocabulary, 4 units], the first layer's input product and bias for each token; None above it, and
            where it would be larger than what it saves.
    """

    product: Array
    bias: Array
    table: Array | None


def is_tabled(shape: Shape) -> bool:
    """Whether what a token adds to the first layer and to the output is looked up, instead of its embedding.

    The averaged output is then folded too: it is linear in the average, and the average in the features, so that the
    average can be taken over logits, which for characters are fewer.
    """
    columns = 4 * shape.hidden_sizes[0]
    if shape.attention == "running":
        columns += 2 * shape.vocab_size + 1
        if shape.adaptive_cutoffs:
            return False
    return 4 * shape.vocab_size * columns <= TABLE_BYTES


def own_embeddings(shape: Shape, tensors: Mapping[str, Array]) -> Array:
    """[vocabulary, embedding]: what each token adds by itself: a label nothing, because its embedding stays."""
    own = tensors["embedding.weight"].copy()
    own[list(shape.labels.values())] = 0
    return own


def layers_of(shape: Shape, tensors: Mapping[str, Array]) -> tuple[Layer, ...]:
    """The layers of checked tensors, the lowest first; sums are taken in float64 and rounded once."""
    layers = []
    for index in range(len(shape.hidden_sizes)):
        weights = [tensors[f"rnn.{index}.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        of_input, of_state, bias = gate_columns(shape.cell, *weights)
        product, table = np.concatenate((of_input, of_state)), None
        if index == 0 and is_tabled(shape):
            table = float32(own_embeddings(shape, tensors).astype(np.float64) @ of_input + bias)
            bias = bias[:0]
            product = product if shape.labels else of_state
        layers.append(Layer(float32(product), float32(bias), table))
    return tuple(layers)


def gate_columns(
    cell: str, of_input: Array, of_state: Array, bias_ih: Array, bias_hh: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """One direction of a layer as `cells.py` wants it: [inputs, 4 units], [units, 4 units] and bias [4 units].

    Args:
        cell: `lstm` or `gru`.
        of_input, of_state, bias_ih, bias_hh: as torch has them, gates in rows.
    """
    return (_lstm if cell == "lstm" else _gru)(of_state.shape[1], of_input, of_state, bias_ih, bias_hh)


def _lstm(
    size: int, of_input: Array, of_state: Array, bias_ih: Array, bias_hh: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Torch's gates i, f, g, o as columns i, f, o, g; sigmoid gates halved, so that σ(z) = ½·tanh(z/2) + ½."""
    order = np.r_[0 : 2 * size, 3 * size : 4 * size, 2 * size : 3 * size]
    scale = np.repeat((0.5, 1.0), (3 * size, size))
    bias = bias_ih.astype(np.float64) + bias_hh
    return of_input[order].T * scale, of_state[order].T * scale, bias[order] * scale


def _gru(
    size: int, of_input: Array, of_state: Array, bias_ih: Array, bias_hh: Array
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Torch's gates r, z, n; n's input and state parts stay apart, since r scales only the latter."""
    scale = np.repeat((0.5, 1.0), (2 * size, 2 * size))

    def columns(weight: NDArray[Any], into: int) -> NDArray[np.float64]:
        wide: NDArray[np.float64] = np.zeros((*weight.shape[1:], 4 * size))
        wide[..., : 2 * size] = weight[: 2 * size].T
        wide[..., into * size : (into + 1) * size] = weight[2 * size :].T
        wide *= scale
        return wide

    return columns(of_input, 2), columns(of_state, 3), columns(bias_ih, 2) + columns(bias_hh, 3)


def float32(array: NDArray[Any]) -> Array:
    """Contiguous, as the fast products want it."""
    with np.errstate(over="ignore"):  # what it has no room for is infinite, and refused once it is an answer
        return np.ascontiguousarray(array, dtype=np.float32)
