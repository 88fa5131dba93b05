"""A char-RNN's tensors rearranged for one step in NumPy: fewer products, fewer passes over memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from generators.charrnn.shape import Shape

__all__ = ["Array", "Folded", "Layer", "Shape", "folded", "gate_columns"]

Array: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One recurrent layer; its four column blocks are LSTM's i, f, o, g or GRU's r, z, n of the input, n of the state.

    Attributes:
        product: [inputs + units, 4 units], so that [x, h] @ product is every gate's pre-activation; of the first
            layer only the rows of h, because `table` has the rest.
        bias: [4 units]; of the first layer zero-sized.
        table: [vocabulary, 4 units], the first layer's input product and bias for each token; else zero-sized.
    """

    product: Array
    bias: Array
    table: Array


@dataclass(frozen=True, slots=True)
class Folded:
    """The whole model.

    The output layer is linear in the average, and the average in the features; so the average is taken over
    projected features, which are fewer: `width` logits instead of embedding plus units.

    Attributes:
        layers: the lowest first.
        head: [all units, 2 width + 1]: direct logits, logits through the average, attention score.
        head_table: [vocabulary, 2 width + 1], the same of each token's embedding, with the bias in the direct part.
        width: distinct logits. Rows of the output layer that are equal are computed once.
        expand: [vocabulary], each token's place among the distinct logits; None where all are distinct.
    """

    layers: tuple[Layer, ...]
    head: Array
    head_table: Array
    width: int
    expand: NDArray[np.intp] | None


def folded(shape: Shape, tensors: Mapping[str, Array]) -> Folded:
    """Rearranges checked tensors; sums are taken in float64 and rounded once."""
    embedding = tensors["embedding.weight"].astype(np.float64)
    layers = []
    for index in range(len(shape.hidden_sizes)):
        weights = [tensors[f"rnn.{index}.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        of_input, of_state, bias = gate_columns(shape.cell, *weights)
        if index == 0:
            layers.append(Layer(_float32(of_state), _float32(bias[:0]), _float32(embedding @ of_input + bias)))
        else:
            product = np.concatenate((of_input, of_state))
            layers.append(Layer(_float32(product), _float32(bias), _float32(bias[:0])))
    rows = np.concatenate((tensors["output.weight"], tensors["output.bias"][:, None]), axis=1)
    distinct, places = np.unique(rows, axis=0, return_inverse=True)
    expand = places.reshape(-1) if len(distinct) < len(rows) else None
    if expand is None:
        distinct = rows
    features = shape.features
    direct, through, bias = np.split(distinct.astype(np.float64), (features, 2 * features), axis=1)
    score = tensors["attention.weight"].astype(np.float64)
    head = np.concatenate((direct, through, score)).T  # [features, 2 width + 1]
    split = shape.embedding_size
    head_table = embedding @ head[:split]
    head_table[:, : len(distinct)] += bias[:, 0]
    return Folded(
        tuple(layers),
        _float32(head[split:]),
        _float32(head_table),
        len(distinct),
        expand,
    )


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


def _float32(array: NDArray[Any]) -> Array:
    return np.ascontiguousarray(array, dtype=np.float32)
