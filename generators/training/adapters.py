"""LoRA adapters in training: small matrices beside a frozen GPT-2, kept in peft's own two files."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from torch import Tensor, nn
from transformers import PreTrainedModel

from generators.directory import ADAPTER_CONFIG
from generators.errors import InvalidValue, UnknownModel
from generators.places import found
from generators.training.ancestry import version_of
from generators.training.publishing import write_json
from generators.training.recipes import GPT2LoRARecipe

NAME: Final = "default"  # peft's, of an only adapter
LINEAR: Final = "Conv1D"  # GPT-2's linear layers
INSIDE: Final = "base_model.model."  # peft's prefix of the model's own names


def adapted(model: PreTrainedModel, recipe: GPT2LoRARecipe, adapter: Path | None) -> PeftModel:
    """The model, frozen, with an adapter that learns: a new one, which begins by changing nothing, or a trained one.

    Args:
        model: the base.
        recipe: rank, layers and dropout of a new adapter.
        adapter: directory of the adapter to go on from.

    Raises:
        InvalidValue: the recipe's `targets` are no layers of the model.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)  # between peft and transformers
        if adapter is None:
            return _new(model, recipe)
        loaded: PeftModel = PeftModel.from_pretrained(model, str(adapter), is_trainable=True)
    # while it is saved, peft looks there, or on the hub, for whether the vocabulary has grown
    loaded.peft_config[NAME].base_model_name_or_path = model.name_or_path
    return loaded


def _new(model: PreTrainedModel, recipe: GPT2LoRARecipe) -> PeftModel:
    torch.manual_seed(recipe.seed)
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.adapter_dropout,
        target_modules=list(recipe.targets),
        fan_in_fan_out=True,  # GPT-2 keeps its weights as [in, out]
    )
    layers = {name for name, module in model.named_modules() if type(module).__name__ == LINEAR}
    blocks = model.config.num_hidden_layers
    if recipe.adapted < 1:  # below the first adapted block, nothing has to be computed backwards
        config.layers_to_transform = list(range(blocks - max(round(blocks * recipe.adapted), 1), blocks))
        config.layers_pattern = "h"
    unknown = [target for target in recipe.targets if not any(name.split(".")[-1] == target for name in layers)]
    if unknown or not recipe.targets:
        known = ", ".join(sorted({name.split(".")[-1] for name in layers}))
        raise InvalidValue("targets", " ".join(unknown) or "nothing", f"some of {known}")
    answer: PeftModel = get_peft_model(model, config)
    return answer


def adapter_size(recipe: GPT2LoRARecipe, tensors: dict[str, tuple[int, ...]]) -> int:
    """Parameters of a new adapter.

    Args:
        recipe: rank and layers.
        tensors: shapes of the base's, by name.
    """
    return sum(
        recipe.rank * sum(shape)
        for name, shape in tensors.items()
        if len(shape) == 2 and name.removesuffix(".weight").split(".")[-1] in recipe.targets
    )


def round_frozen(model: PeftModel) -> None:
    """Keeps the frozen linear layers as bfloat16, where autocast would round them again at every use."""
    for module in model.modules():
        if type(module).__name__ == LINEAR:
            module.to(torch.bfloat16)


def merged_tensors(model: PeftModel, base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A model's tensors with its adapter's change; those without one are the base's own.

    Args:
        model: of which only the adapter is read.
        base: exact tensors, by the names that they have in the model.
    """
    tensors = dict(base)
    for name, module in model.named_modules():
        if hasattr(module, "get_delta_weight"):
            weight = f"{name.removeprefix(INSIDE)}.weight"
            with torch.no_grad():
                change = module.get_delta_weight(NAME).float()
                tensors[weight] = tensors[weight].to(change.device) + change
    return tensors


def save_adapter(model: PeftModel, base: Path, directory: Path) -> None:
    """Writes peft's two files and a copy of the base's config.

    Args:
        model: the adapted model.
        base: directory of the frozen model.
        directory: to write into.
    """
    model.save_pretrained(directory, save_embedding_layers=False)
    config: dict[str, Any] = json.loads((directory / ADAPTER_CONFIG).read_text("utf-8"))
    config["base_model_name_or_path"] = _name_of(base)
    config["target_modules"] = sorted(config["target_modules"])
    write_json(directory / ADAPTER_CONFIG, config)
    shutil.copyfile(base / "config.json", directory / "config.json")


def count(model: nn.Module, *, trained: bool) -> int:
    """Its parameters that learn, or all of them."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad or not trained)


def _name_of(base: Path) -> str:
    """NAME@VERSION where that finds the base, otherwise where it is."""
    name = f"{found(base).name}@{version_of(base)}"
    try:
        if found(name).directory.resolve() == base.resolve():
            return name
    except UnknownModel:
        pass
    return str(base.resolve())
