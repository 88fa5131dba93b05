from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from generators.charrnn.folding import Shape, is_tabled, layers_of
from generators.charrnn.heads import LogitAverage
from generators.charrnn.outputs import Dense

SHAPE = Shape(vocab_size=273, embedding_size=5, hidden_sizes=(8, 6), cell="lstm")


def test_equal_rows_are_computed_once(directory: Path) -> None:
    """Tokens that share an output row share a logit, and every token finds its own."""
    tensors = load_file(directory / "model.safetensors")
    tensors["output.weight"][2:258] = tensors["output.weight"][0]
    tensors["output.bias"][2:258] = tensors["output.bias"][0]

    head = LogitAverage(SHAPE, tensors)

    assert head.width == 273 - 256
    assert head.expand is not None
    assert set(head.expand[2:258]) == {head.expand[0]}
    assert len(set(head.expand[258:]) | {head.expand[1]}) == 273 - 257


def test_all_distinct(directory: Path) -> None:
    """Where no two output rows are equal, logits come in the order of the tokens."""
    head = LogitAverage(SHAPE, load_file(directory / "model.safetensors"))

    assert head.width == 273
    assert head.expand is None


def test_equal_rows_of_a_plain_output(directory: Path) -> None:
    """An output layer that is not folded gives tokens with equal rows equal logits, in the order of the tokens."""
    tensors = load_file(directory / "model.safetensors")
    tensors["output.weight"][2:258] = tensors["output.weight"][0]
    tensors["output.bias"][2:258] = tensors["output.bias"][0]
    read = np.random.default_rng(0).normal(size=2 * SHAPE.features).astype(np.float32)

    logits = Dense(tensors["output.weight"], tensors["output.bias"])(read)

    assert np.allclose(logits, tensors["output.weight"] @ read + tensors["output.bias"], atol=1e-5)
    assert len(set(logits[2:258])) == 1


def test_float32(directory: Path) -> None:
    """Every array of a step is float32 and contiguous, as the fast products want it."""
    tensors = load_file(directory / "model.safetensors")

    layers, head = layers_of(SHAPE, tensors), LogitAverage(SHAPE, tensors)

    arrays = [head.product, head.table, *(a for w in layers for a in (w.product, w.bias, w.table) if a is not None)]
    assert len(arrays) == 2 + 3 + 2
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in arrays)


def test_tables_are_for_characters() -> None:
    """What a token adds is looked up for characters; for ten thousand words the tables would be hundreds of MB."""

    def words(vocab_size: int, attention: str) -> Shape:
        return Shape(vocab_size, 100, (512, 512, 512), "lstm", attention=attention)

    assert is_tabled(words(465, "running"))
    assert is_tabled(words(465, "none"))
    assert not is_tabled(words(10_000, "running"))
    assert not is_tabled(words(10_000, "none"))
