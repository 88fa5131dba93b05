from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from generators.charrnn.folding import Shape, folded

SHAPE = Shape(vocab_size=273, embedding_size=5, hidden_sizes=(8, 6), cell="lstm", attention_decay=0.99)


def test_equal_rows_are_computed_once(directory: Path) -> None:
    """Tokens that share an output row share a logit, and every token finds its own."""
    tensors = load_file(directory / "model.safetensors")
    tensors["output.weight"][2:258] = tensors["output.weight"][0]
    tensors["output.bias"][2:258] = tensors["output.bias"][0]

    weights = folded(SHAPE, tensors)

    assert weights.width == 273 - 256
    assert weights.expand is not None
    assert set(weights.expand[2:258]) == {weights.expand[0]}
    assert len(set(weights.expand[258:]) | {weights.expand[1]}) == 273 - 257


def test_all_distinct(directory: Path) -> None:
    """Where no two output rows are equal, logits come in the order of the tokens."""
    weights = folded(SHAPE, load_file(directory / "model.safetensors"))

    assert weights.width == 273
    assert weights.expand is None


def test_float32(directory: Path) -> None:
    """Every array of a step is float32 and contiguous, as the fast products want it."""
    weights = folded(SHAPE, load_file(directory / "model.safetensors"))

    arrays = [weights.head, weights.head_table, *(a for w in weights.layers for a in (w.product, w.bias, w.table))]
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in arrays)
