"""Weights that Keras saved for textgenrnn, as the tensors of a char-RNN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from generators.charrnn.folding import Array
from generators.importing.errors import CannotImport

if TYPE_CHECKING:
    import h5py

LARGEST: Final = 1 << 31  # bytes; the largest that textgenrnn can reasonably train here has a hundredth of it
LAYER: Final = "rnn_{}"  # from 1; model.py of textgenrnn
GATES: Final = 4
WAYS: Final = ("", "_reverse")  # endings of torch's names
_FOREIGN: Final = "it holds no textgenrnn model, whose layers are embedding, rnn_1, attention and output"


@dataclass(frozen=True, slots=True)
class KerasWeights:
    """What a file of weights holds.

    Attributes:
        tensors: float32, under the names and in the shapes of `Shape.tensors`.
        outputs: tokens, padding included.
        embedding_size: features of a token.
        layers: recurrent layers.
        units: of each layer, in each direction.
        bidirectional: whether layers read both ways.
        contexts: whether there is an output for texts with context labels beside the one for texts alone.
    """

    tensors: dict[str, Array]
    outputs: int
    embedding_size: int
    layers: int
    units: int
    bidirectional: bool
    contexts: bool


def read_weights(path: Path) -> KerasWeights:
    """The weights in an HDF5 file that `save_weights` or `save` wrote.

    Raises:
        CannotImport: there is no such file, it is damaged, too large, or another program's.
    """
    import h5py

    if not path.is_file():
        raise CannotImport(str(path), "there is no such file")
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            arrays = _arrays(path, root)
            contexts = "context_output" in root
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, AttributeError, MemoryError) as fault:
        raise CannotImport(str(path), "it is no HDF5 file, or a part of it is missing") from fault
    try:
        return _weights(arrays, contexts)
    except (KeyError, ValueError, IndexError, TypeError) as fault:  # the last two: single numbers for arrays, or none
        reason = f"its layers do not fit each other ({fault})" if isinstance(fault, ValueError) else _FOREIGN
        raise CannotImport(str(path), reason) from fault


def _arrays(path: Path, root: h5py.Group) -> dict[str, list[Array]]:
    """Each layer's arrays, in the order that its `weight_names` give.

    Raises:
        CannotImport: they are too large, lie in other files, or hold no finite numbers.
    """
    import h5py

    names = ["embedding", "attention", "output"]
    names += takewhile(lambda name: name in root, map(LAYER.format, count(1)))
    if not all(name in root for name in [*names, LAYER.format(1)]):
        raise CannotImport(str(path), _FOREIGN)
    found: dict[str, list[Any]] = {}
    for name in names:
        weight_names = [
            each.decode() if isinstance(each, bytes) else str(each) for each in root[name].attrs["weight_names"]
        ]
        found[name] = [root[name][each] for each in weight_names]
    datasets = [dataset for layer in found.values() for dataset in layer]
    if not all(isinstance(dataset, h5py.Dataset) for dataset in datasets):
        raise CannotImport(str(path), _FOREIGN)
    if any(dataset.external or dataset.is_virtual or dataset.file != root.file for dataset in datasets):
        raise CannotImport(str(path), "its numbers lie in other files")
    if sum(dataset.size for dataset in datasets) * 4 > LARGEST:
        raise CannotImport(str(path), f"it holds more than {LARGEST >> 30} GB of weights")
    if not all(np.issubdtype(dataset.dtype, np.floating) for dataset in datasets):
        raise CannotImport(str(path), "it holds other things than numbers with fractions")
    with np.errstate(over="ignore"):  # what float32 has no room for is infinite, and refused as such
        arrays = {name: [np.asarray(dataset[()], np.float32) for dataset in layer] for name, layer in found.items()}
    if not all(np.isfinite(array).all() for layer in arrays.values() for array in layer):
        raise CannotImport(str(path), "it holds numbers that are not finite")
    return arrays


def _weights(arrays: Mapping[str, list[Array]], contexts: bool) -> KerasWeights:
    """The arrays under torch's names.

    Raises:
        ValueError: a shape does not go with another; the message says which.
        IndexError, TypeError: a layer has fewer arrays than textgenrnn's, or numbers where those are.
    """
    embedding, attention = arrays["embedding"][0], arrays["attention"][0]
    kernel, bias = arrays["output"][0], arrays["output"][1]
    layers = [arrays[LAYER.format(index + 1)] for index in range(len(arrays) - 3)]
    units = len(layers[0][1])
    ways = len(layers[0]) // 3
    tensors = {
        "embedding.weight": embedding,
        "attention.weight": attention.T,
        "output.weight": kernel.T,
        "output.bias": bias,
    }
    below = embedding.shape[-1]
    for index, layer in enumerate(layers):
        if len(layer) != 3 * ways or ways not in (1, 2):
            raise ValueError(f"rnn_{index + 1} has {len(layer)} arrays")
        for way, suffix in enumerate(WAYS[:ways]):
            for name, array in _lstm(index, below, units, *layer[3 * way : 3 * way + 3]).items():
                tensors[f"rnn.{index}.{name}_l0{suffix}"] = array
        below = ways * units
    features = embedding.shape[-1] + len(layers) * below
    expected = {"attention.weight": (1, features), "output.weight": (len(bias), features)}
    expected["embedding.weight"] = (len(bias), embedding.shape[-1])
    for name, shape in expected.items():
        if tensors[name].shape != shape:
            raise ValueError(f"{name.partition('.')[0]} has shape {list(tensors[name].shape)}, not {list(shape)}")
    tensors = {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in tensors.items()}
    return KerasWeights(tensors, len(bias), embedding.shape[-1], len(layers), units, ways == 2, contexts)


def _lstm(index: int, inputs: int, units: int, kernel: Array, recurrent: Array, bias: Array) -> dict[str, Array]:
    """One direction of a layer in torch's order of gates, which is Keras's: i, f, g, o.

    Keras has each kernel's gates in columns. CuDNN's layers, told by their two biases, have a gate's block in the
    memory order of its transpose, which Keras never undid for files.

    Raises:
        ValueError: the arrays are no LSTM of this size.
    """
    if kernel.shape != (inputs, GATES * units) or recurrent.shape != (units, GATES * units):
        raise ValueError(f"rnn_{index + 1} has kernels of {list(kernel.shape)} and {list(recurrent.shape)}")
    if bias.shape == (GATES * units,):
        return {
            "weight_ih": kernel.T,
            "weight_hh": recurrent.T,
            "bias_ih": bias,
            "bias_hh": np.zeros_like(bias),
        }
    if bias.shape == (2 * GATES * units,):
        return {
            "weight_ih": _of_cudnn(kernel, units),
            "weight_hh": _of_cudnn(recurrent, units),
            "bias_ih": bias[: GATES * units],
            "bias_hh": bias[GATES * units :],
        }
    raise ValueError(f"rnn_{index + 1} has a bias of {list(bias.shape)}")


def _of_cudnn(kernel: Array, units: int) -> Array:
    blocks = np.split(kernel, GATES, axis=1)
    return np.concatenate([block.reshape(units, len(kernel)) for block in blocks])
