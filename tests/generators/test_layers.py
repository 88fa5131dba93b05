"""A model layer by layer, from its headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from generators.charrnn.shape import Shape
from generators.errors import UnusableModel
from generators.layers import Layer, summary
from tests.generators.charrnn.conftest import save_model

WINDOWED = {"window": 7, "attention": "window", "bidirectional": True}


def written(directory: Path, config: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps(config), "utf-8")
    save_file({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}, directory / "model.safetensors")
    return directory


def charrnn(directory: Path, **fields: Any) -> Path:
    config = {"model_type": "charrnn", "vocab_size": 300, "embedding_size": 5, "hidden_sizes": [8, 6], "cell": "gru"}
    return written(directory, config | fields, Shape.of(config | fields).tensors())


def gpt2(directory: Path, *, blocks: int = 1, prefix: str = "") -> Path:
    shapes = {"wte.weight": (50, 4), "wpe.weight": (9, 4), "ln_f.weight": (4,), "ln_f.bias": (4,)}
    for block in range(blocks):
        shapes |= {f"h.{block}.attn.c_attn.weight": (4, 12), f"h.{block}.attn.bias": (1, 1, 9, 9)}
        shapes |= {f"h.{block}.mlp.c_fc.weight": (4, 16), f"h.{block}.ln_1.weight": (4,)}
    named = {prefix + name: shape for name, shape in shapes.items()} | {"lm_head.weight": (50, 4)}
    return written(directory, {"model_type": "gpt2"}, named)


def kinds(directory: Path) -> list[tuple[str, str, tuple[int | None, ...]]]:
    return [(layer.name, layer.kind, layer.shape) for layer in summary(directory).layers]


def test_streaming(tmp_path: Path) -> None:
    """A char-RNN that streams has outputs of any length, and its parameters are those of its tensors."""
    found = summary(save_model(tmp_path / "model"))

    assert found.layers[2] == Layer("rnn.0", "LSTM", (None, None, 8), 4 * 8 * (5 + 8 + 2))
    assert sum(layer.parameters for layer in found.layers) == found.parameters
    assert found.bytes == 4 * found.parameters
    assert found.of_adapter is None


def test_windowed(tmp_path: Path) -> None:
    """Layers that read a window both ways are shown with its length and both ways' features."""
    assert kinds(charrnn(tmp_path / "model", **WINDOWED)) == [
        ("input", "Window", (None, 7)),
        ("embedding", "Embedding", (None, 7, 5)),
        ("rnn.0", "Bidirectional GRU", (None, 7, 16)),
        ("rnn.1", "Bidirectional GRU", (None, 7, 12)),
        ("features", "Concatenate", (None, 7, 33)),
        ("attention", "Weighted average", (None, 33)),
        ("output", "Dense", (None, 300)),
    ]


def test_labels_and_adaptive_softmax(tmp_path: Path) -> None:
    """Labels and an adaptive softmax have their lines, and every parameter is counted once."""
    directory = charrnn(tmp_path / "model", attention="none", labels={"joke": 3, "sad": 4}, adaptive_cutoffs=[50])

    assert ("labels", "Labels (2), added", (None, None, 5)) in kinds(directory)
    assert kinds(directory)[-1] == ("output", "Adaptive softmax [50]", (None, None, 300))
    found = summary(directory)
    assert sum(layer.parameters for layer in found.layers) == found.parameters


@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_gpt2(tmp_path: Path, prefix: str) -> None:
    """A GPT-2 has a line a block; masks that old files hold are no parameters, and a tied head has none."""
    directory = gpt2(tmp_path / "model", blocks=11, prefix=prefix)

    found = summary(directory)

    assert [layer.name for layer in found.layers] == ["wte", "wpe", *(f"h.{n}" for n in range(11)), "ln_f", "lm_head"]
    assert found.layers[3] == Layer("h.1", "Block: attention 48, MLP 64", (None, None, 4), 116)
    assert found.layers[-1] == Layer("lm_head", "Dense, tied to wte", (None, None, 50), 0)
    assert found.parameters == sum(layer.parameters for layer in found.layers) == 50 * 4 + 9 * 4 + 11 * 116 + 8


def test_any_other_kind(tmp_path: Path) -> None:
    """Other models are shown by their modules, the numbered blocks in a line each and in order."""
    shapes = {"model.embed_tokens.weight": (50, 4), "model.norm.weight": (4,), "lm_head.weight": (50, 4)}
    for block in range(11):
        shapes |= {f"model.layers.{block}.{part}.weight": (4, 4) for part in ("q_proj", "k_proj", "v_proj")}
    directory = written(tmp_path / "model", {"model_type": "llama", "hidden_size": 4}, shapes)

    found = summary(directory)

    assert found.parameters == sum(layer.parameters for layer in found.layers)
    assert Layer("model.embed_tokens", "Embedding", (None, None, 4), 200) in found.layers
    assert Layer("lm_head", "Dense", (None, None, 50), 200) in found.layers
    assert Layer("model.norm", "Norm", (None, None, 4), 4) in found.layers
    blocks = [layer for layer in found.layers if layer.kind == "Block"]
    assert [layer.name for layer in blocks] == [f"model.layers.{block}" for block in range(11)]
    assert blocks[0] == Layer("model.layers.0", "Block", (None, None, 4), 48)


def test_adapter(tmp_path: Path) -> None:
    """An adapter's layers stand below its base's; where that is not here, they stand alone."""
    base = gpt2(tmp_path / "base")
    directory = tmp_path / "adapter"
    directory.mkdir()
    (directory / "config.json").write_bytes((base / "config.json").read_bytes())
    halves = {"lora_A": (2, 4), "lora_B": (12, 2)}
    tensors = {
        f"base_model.model.transformer.h.0.attn.c_attn.{name}.weight": np.zeros(one, np.float32)
        for name, one in halves.items()
    }
    save_file(tensors, directory / "adapter_model.safetensors")

    for where, layers, parameters in ((base, 6, summary(base).parameters), (tmp_path / "gone", 1, 0)):
        settings = {"base_model_name_or_path": str(where)}
        (directory / "adapter_config.json").write_text(json.dumps(settings), "utf-8")
        found = summary(directory)
        assert len(found.layers) == layers
        assert found.layers[-1] == Layer("adapter h.0.attn.c_attn", "LoRA of rank 2", (None, None, 12), 32)
        assert (found.of_adapter, found.parameters) == (32, parameters + 32)


def test_misfit(tmp_path: Path) -> None:
    """A config.json that is not that of the weights is a sentence."""
    directory = charrnn(tmp_path / "model")
    (directory / "config.json").write_text('{"model_type": "gpt2"}', "utf-8")

    with pytest.raises(UnusableModel, match="does not fit the weights"):
        summary(directory)
