"""A model layer by layer, as Keras's `model.summary()` shows it, from config.json and the headers of its weights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from generators.bases import base_of
from generators.charrnn.shape import Shape as CharRNNShape
from generators.directory import is_adapter, read_json, weights_files
from generators.errors import UnusableModel
from generators.tensors import Tensor, tensors_of

Tensors: TypeAlias = Mapping[str, Tensor]
Size: TypeAlias = tuple[int | None, ...]

CELLS: Final = {"lstm": "LSTM", "gru": "GRU"}
HEAD: Final = "lm_head.weight"
BUFFERS: Final = (".attn.bias", ".attn.masked_bias")  # causal masks that old GPT-2 files keep among the weights
GROUP: Final = re.compile(r"(.*?\.\d+)\.")  # a numbered block, with all that is in it
LORA: Final = re.compile(r"^base_model\.model\.(?P<layer>.+)\.lora_(?P<half>A|B|embedding_A|embedding_B)(\..+)?$")


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of the table.

    Attributes:
        shape: of its output; None for what varies: texts, and tokens where there is no fixed window.
        parameters: its own; 0 for one that shares another's.
    """

    name: str
    kind: str
    shape: Size
    parameters: int


@dataclass(frozen=True, slots=True)
class Summary:
    """All layers, and what they come to.

    Attributes:
        parameters: of the whole model, an adapter's base included where it is here.
        of_adapter: those of the adapter alone; None where the model is none.
        bytes: on the disk, as `parameters` counts.
    """

    layers: tuple[Layer, ...]
    parameters: int
    of_adapter: int | None
    bytes: int


def summary(directory: Path) -> Summary:
    """The layers of the model in a directory.

    Raises:
        UnusableModel: its config.json or the header of its weights is damaged, or they do not fit each other.
    """
    config = read_json(directory, "config.json")
    if not is_adapter(directory):
        tensors = _counted(config, tensors_of(weights_files(directory)))
        return Summary(tuple(_layers(directory, config, tensors)), *_totals(tensors))
    own = tensors_of(weights_files(directory))
    base = _base_if_here(directory)
    whole = {} if base is None else _counted(config, tensors_of(weights_files(base)))
    below = [] if base is None else _layers(base, config, whole)
    of_base, _, bytes_of_base = _totals(whole)
    of_adapter, _, bytes_of_adapter = _totals(own)
    layers = (*below, *_of_adapter(own))
    return Summary(layers, of_base + of_adapter, of_adapter, bytes_of_base + bytes_of_adapter)


def _totals(tensors: Tensors) -> tuple[int, None, int]:
    return sum(one.parameters for one in tensors.values()), None, sum(one.bytes for one in tensors.values())


def _base_if_here(adapter: Path) -> Path | None:
    try:
        return base_of(adapter)
    except UnusableModel:  # an adapter's own layers can be shown without it
        return None


def _counted(config: Mapping[str, Any], tensors: Tensors) -> dict[str, Tensor]:
    """The tensors that are parameters: no masks, and no second copy of an embedding that is the head as well."""
    copies = (HEAD,) if config.get("model_type") == "gpt2" and config.get("tie_word_embeddings", True) else ()
    return {name: one for name, one in tensors.items() if not name.endswith(BUFFERS) and name not in copies}


def _layers(directory: Path, config: Mapping[str, Any], tensors: Tensors) -> list[Layer]:
    try:
        if config.get("model_type") == "charrnn":
            return _of_charrnn(CharRNNShape.of(config), tensors)
        if config.get("model_type") == "gpt2":
            return _of_gpt2(config, tensors)
    except (ValueError, KeyError, TypeError) as fault:
        raise UnusableModel(str(directory), f"config.json does not fit the weights ({fault})") from fault
    return _of_any(config, tensors)


def _of_charrnn(shape: CharRNNShape, tensors: Tensors) -> list[Layer]:
    """Embedding, recurrent layers, average and output, in the order in which a token passes them."""
    tokens = shape.window
    layers = [
        Layer("input", "Window" if tokens else "Tokens", (None, tokens), 0),
        Layer("embedding", "Embedding", (None, tokens, shape.embedding_size), _under(tensors, "embedding.")),
    ]
    if shape.labels:
        layers.append(Layer("labels", f"Labels ({len(shape.labels)}), added", (None, tokens, shape.embedding_size), 0))
    cell = f"Bidirectional {CELLS[shape.cell]}" if shape.bidirectional else CELLS[shape.cell]
    for index, width in enumerate(shape.widths):
        layers.append(Layer(f"rnn.{index}", cell, (None, tokens, width), _under(tensors, f"rnn.{index}.")))
    if shape.attention != "none":
        layers.append(Layer("features", "Concatenate", (None, tokens, shape.features), 0))
        averaged: Size = (None, shape.features) if shape.attention == "window" else (None, tokens, shape.head_width)
        kind = "Weighted average" if shape.attention == "window" else "Running average, beside"
        layers.append(Layer("attention", kind, averaged, _under(tensors, "attention.")))
    output: Size = (None, shape.vocab_size) if tokens else (None, None, shape.vocab_size)
    kind = f"Adaptive softmax {list(shape.adaptive_cutoffs)}" if shape.adaptive_cutoffs else "Dense"
    layers.append(Layer("output", kind, output, _under(tensors, "output.")))
    return layers


def _of_gpt2(config: Mapping[str, Any], tensors: Tensors) -> list[Layer]:
    """Embeddings, blocks, the last norm and the head."""
    plain = {name.removeprefix("transformer."): one for name, one in tensors.items()}
    vocabulary, width = plain["wte.weight"].shape
    sizes: Size = (None, None, width)
    layers = [
        Layer("wte", "Embedding", sizes, _under(plain, "wte.")),
        Layer("wpe", f"Embedding of {plain['wpe.weight'].shape[0]:,} places", sizes, _under(plain, "wpe.")),
    ]
    blocks = sorted({int(name.split(".")[1]) for name in plain if name.startswith("h.")})
    for block in blocks:
        attention, mlp = (_under(plain, f"h.{block}.{part}.") for part in ("attn", "mlp"))
        kind = f"Block: attention {attention:,}, MLP {mlp:,}"
        layers.append(Layer(f"h.{block}", kind, sizes, _under(plain, f"h.{block}.")))
    tied = bool(config.get("tie_word_embeddings", True))
    head = Layer("lm_head", "Dense, tied to wte", (None, None, vocabulary), 0)
    if not tied:
        head = Layer("lm_head", "Dense", (None, None, vocabulary), _under(plain, "lm_head."))
    return [*layers, Layer("ln_f", "LayerNorm", sizes, _under(plain, "ln_f.")), head]


def _of_any(config: Mapping[str, Any], tensors: Tensors) -> list[Layer]:
    """Any other kind: its tensors by module, the numbered blocks in one line each."""
    groups: dict[str, dict[str, Tensor]] = {}
    for name, one in sorted(tensors.items(), key=lambda item: _numbered(item[0])):
        block = GROUP.match(name)
        groups.setdefault(block[1] if block else name.rpartition(".")[0] or name, {})[name] = one
    hidden = config.get("hidden_size") or config.get("n_embd") or config.get("d_model")
    return [
        Layer(name, *_guessed(name, group, hidden), sum(one.parameters for one in group.values()))
        for name, group in groups.items()
    ]


def _guessed(name: str, group: Tensors, hidden: object) -> tuple[str, Size]:
    """Kind and output of a module by the shapes of its tensors."""
    if GROUP.match(f"{name}.") and len(group) > 2:
        return "Block", (None, None, hidden if isinstance(hidden, int) else None)
    shape = max((one.shape for one in group.values()), key=len)
    if len(shape) < 2:
        return "Norm", (None, None, shape[-1] if shape else 1)
    if re.search(r"emb|wte|wpe", name):
        return "Embedding", (None, None, shape[1])
    return "Dense", (None, None, shape[0])


def _of_adapter(own: Tensors) -> list[Layer]:
    """An adapter's parts by the block that they stand in; the output is that of the layer they are added to."""
    groups: dict[str, list[tuple[str, Tensor]]] = {}
    for name, one in sorted(own.items(), key=lambda item: _numbered(item[0])):
        matched = LORA.match(name)
        layer = matched["layer"] if matched else name.removeprefix("base_model.model.").rpartition(".")[0]
        groups.setdefault(layer, []).append((matched["half"] if matched else "", one))
    return [Layer(f"adapter {layer.removeprefix('transformer.')}", *_half(halves)) for layer, halves in groups.items()]


def _half(halves: list[tuple[str, Tensor]]) -> tuple[str, Size, int]:
    shapes = dict(halves)
    parameters = sum(one.parameters for _, one in halves)
    if "A" in shapes and "B" in shapes:
        return f"LoRA of rank {shapes['A'].shape[0]}", (None, None, shapes["B"].shape[0]), parameters
    return "Trained beside", (None, None, halves[0][1].shape[-1]), parameters


def _under(tensors: Tensors, prefix: str) -> int:
    return sum(one.parameters for name, one in tensors.items() if name.startswith(prefix))


def _numbered(name: str) -> list[tuple[bool, int, str]]:
    """Sorts the tenth block behind the second."""
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in name.split(".")]
