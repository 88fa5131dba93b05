"""LoRA adapters as peft writes them, merged into a copy of their base's weights; peft itself is not needed.

An adapter's directory is a model's: config.json, tokenizer.json and planchette.json (whose `base` says what it belongs
to) beside peft's own two files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor

from generators.bases import base_of
from generators.directory import ADAPTER, ADAPTER_CONFIG, is_adapter, read_json
from generators.errors import UnusableModel
from generators.gpt2.adapting import LAYERS, Adapter
from generators.gpt2.configuration import Shape
from generators.gpt2.weights import PREFIX, checked, read_file, read_tensors

_PEFT: Final = re.compile(r"base_model\.model\.(?:transformer\.)?(.+)")
_FACTOR: Final = re.compile(r"(.+)\.lora_([AB])\.weight")
# what changes how an adapter is merged in ways that are not known here: peft 0.21, LoraConfig
_UNKNOWN: Final = (
    "use_dora",
    "use_qalora",
    "use_bdlora",
    "rank_pattern",
    "alpha_pattern",
    "target_parameters",
    "layer_replication",
    "trainable_token_indices",
    "lora_bias",
    "alora_invocation_tokens",
    "arrow_config",
    "monteclora_config",
    "kasa_config",
    "velora_config",
)
# that leave the base as it is; pissa, olora, corda, loftq and lora_ga take a part of it away: peft 0.21, LoraConfig
_STARTS: Final = (True, False, None, "gaussian", "eva", "orthogonal", "mica")


class _Adapter(NamedTuple):
    """What an adapter changes.

    Attributes:
        factors: the two factors of a weight's change, by the weight's name: [rank, in] and [out, rank].
        replaced: whole tensors that stand in for the base's.
        rank: of the factors.
        scaling: of the product.
    """

    factors: dict[str, dict[str, Tensor]]
    replaced: dict[str, Tensor]
    rank: int
    scaling: float


def full_tensors(directory: Path, shape: Shape) -> dict[str, Tensor]:
    """All tensors of a model by the names of `Shape.tensors`; an adapter's are its base's with the adapter merged in.

    Raises:
        UnusableModel: a file is missing or damaged, or an adapter's base is missing or another.
        ValueError: an adapter does not fit its base.
    """
    if not is_adapter(directory):
        return read_tensors(directory)
    adapter = _read(directory)
    base = base_of(directory)
    tensors = read_tensors(base)
    names = shape.tensors()
    for name, tensor in adapter.replaced.items():
        if name == "lm_head.weight" and shape.tied:
            continue  # peft writes a tied head beside the embedding
        if name not in names:
            raise ValueError(f"{ADAPTER} has a tensor {name}, which a GPT-2 lacks")
        tensors[name] = tensor
    for name, factors in adapter.factors.items():
        if name == "lm_head.weight" and shape.tied:
            raise ValueError("its adapter changes the head, which is one with the embedding here")
        tensors[name] = _merged(name, tensors.get(name), factors, adapter)
    return tensors


def merged(directory: Path) -> dict[str, Tensor]:
    """The weights of an adapter's model as GPT2LMHeadModel would save them, float32; any other GPT-2's likewise.

    Raises:
        UnusableModel: a file is missing or damaged, or the base is missing, another, or does not fit.
    """
    try:
        shape = Shape.of(read_json(directory, "config.json"))
        tensors = checked(shape, full_tensors(directory, shape))
    except ValueError as fault:
        raise UnusableModel(str(directory), str(fault)) from fault
    return {name if name == "lm_head.weight" else PREFIX + name: tensor for name, tensor in tensors.items()}


def beside(directory: Path, shape: Shape, like: Tensor) -> Adapter | None:
    """An adapter that can write beside others over the weights of its base; None where it changes more than that.

    Args:
        shape: the base's.
        like: a tensor of the number format and on the device for the factors.

    Raises:
        UnusableModel: a file is missing or damaged.
        ValueError: it does not fit the base.
    """
    adapter = _read(directory)
    if adapter.replaced or any(
        name.split(".", 2)[-1].removesuffix(".weight") not in LAYERS for name in adapter.factors
    ):
        return None
    sizes = shape.tensors()
    factors = {}
    for name, pair in adapter.factors.items():
        _check(name, sizes.get(name), pair, adapter.rank)
        a, b = pair["A"].T.to(like).contiguous(), (pair["B"].T * adapter.scaling).to(like).contiguous()
        if not (a.isfinite().all() and b.isfinite().all()):
            raise ValueError(f"{ADAPTER} has factors of {name} that are not finite")
        factors[name.removesuffix(".weight")] = (a, b)
    return Adapter(factors)


def _read(directory: Path) -> _Adapter:
    """An adapter's own two files.

    Raises:
        UnusableModel: one is missing or damaged.
        ValueError: it is of a kind that is not known here.
    """
    config = read_json(directory, ADAPTER_CONFIG)
    if config.get("peft_type") != "LORA":
        raise ValueError(f"it is an adapter of the kind {config.get('peft_type')}, and only LORA is known here")
    if config.get("bias", "none") != "none":
        raise ValueError(f"its adapter changes biases ({config['bias']}), which is not known here")
    saved = config.get("modules_to_save") or ()
    if {"wte", "lm_head"} & set(saved) and not config.get("ensure_weight_tying"):
        raise ValueError("its adapter was trained with an embedding and a head apart, which are one in a GPT-2")
    for field in _UNKNOWN:
        if config.get(field):
            raise ValueError(f"its {ADAPTER_CONFIG} asks for {field}, which is not known here")
    if config.get("init_lora_weights") not in _STARTS:
        raise ValueError(
            f"its adapter was begun by {config['init_lora_weights']}, which changes the base; "
            "peft's path_initial_model_for_weight_conversion saves it as a plain one"
        )
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, int | float) or not math.isfinite(alpha):
        raise ValueError(f"its {ADAPTER_CONFIG} has no r and lora_alpha that are numbers")
    factors: dict[str, dict[str, Tensor]] = {}
    replaced: dict[str, Tensor] = {}
    for full, tensor in read_file(directory / ADAPTER, directory).items():
        match = _PEFT.fullmatch(full)
        if match is None:
            raise ValueError(f"{ADAPTER} has a tensor {full}, which peft would not have written")
        name = match[1]
        if factor := _FACTOR.fullmatch(name):
            factors.setdefault(f"{factor[1]}.weight", {})[factor[2]] = tensor.float()
        else:
            replaced[name.replace(".base_layer.", ".")] = tensor
    return _Adapter(factors, replaced, rank, alpha / (math.sqrt(rank) if config.get("use_rslora") else rank))


def _merged(name: str, base: Tensor | None, factors: Mapping[str, Tensor], adapter: _Adapter) -> Tensor:
    """A weight [in, out] with its change; linear layers of a GPT-2 are kept the other way round than peft's factors.

    Raises:
        ValueError: the factors do not fit it.
    """
    _check(name, None if base is None else tuple(base.shape), factors, adapter.rank)
    assert base is not None
    with torch.no_grad():  # not inference mode, whose tensors could not be trained on
        change = (factors["B"] @ factors["A"]) * adapter.scaling
        return base.float() + (change.T if name != "lm_head.weight" else change)


def _check(name: str, size: tuple[int, ...] | None, factors: Mapping[str, Tensor], rank: int) -> None:
    """Whether both factors are there, of the sizes that a weight of the base asks for, and of the adapter's rank."""
    if size is None:
        raise ValueError(f"its adapter changes {name}, which its base lacks")
    if factors.keys() != {"A", "B"}:
        raise ValueError(f"{ADAPTER} has only one of the two factors of {name}")
    a, b = factors["A"], factors["B"]
    wanted = size if name != "lm_head.weight" else size[::-1]
    if a.ndim == b.ndim == 2 and (a.shape[1], b.shape[0]) == wanted and (a.shape[0], b.shape[1]) != (rank, rank):
        raise ValueError(
            f"its {ADAPTER_CONFIG} says that r is {rank}, and the factors of {name} are {list(a.shape)} and "
            f"{list(b.shape)}"
        )
    if a.ndim != 2 or b.ndim != 2 or (a.shape[1], b.shape[0]) != wanted:
        raise ValueError(
            f"its adapter was made for another base: {name} is {list(size)} there, and the factors are "
            f"{list(a.shape)} and {list(b.shape)}"
        )
