"""LoRA adapters on a GPT-2, against peft."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from generators.errors import UnusableModel
from generators.gpt2.adapters import merged
from tests.fakes.language_models import save_gpt2
from tests.generators.gpt2.conftest import TOKENS, name_base, opened, save_adapter

ADAPTER = "adapter_model.safetensors"


def said(directory: Path) -> Any:
    model = opened(directory)
    (logits,) = model.extend([model.start()], [TOKENS], "all")
    return logits


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"target_modules": ["c_attn", "c_proj", "c_fc"], "use_rslora": True},
        {"target_modules": ["c_fc"], "fan_in_fan_out": False, "r": 1},
        {"modules_to_save": ["ln_f"]},
    ],
)
def test_logits(directory: Path, tmp_path: Path, fields: dict[str, Any]) -> None:
    """A model with an adapter says what peft's does."""
    adapter = tmp_path / "adapter"
    wanted = save_adapter(directory, adapter, **fields)

    logits = said(adapter)

    assert np.abs(logits - wanted).max() < 1e-4
    assert np.abs(logits - said(directory)).max() > 0.1


def test_more_tokens_than_the_base(directory: Path, tmp_path: Path) -> None:
    """An adapter that was trained with label tokens of its own brings their embeddings."""
    adapter = tmp_path / "adapter"
    wanted = save_adapter(directory, adapter, tokens=323)

    logits = said(adapter)

    assert logits.shape == wanted.shape == (len(TOKENS), 323)
    assert np.abs(logits - wanted).max() < 1e-4


def test_merging(directory: Path, tmp_path: Path) -> None:
    """Merged weights are a plain GPT-2, which transformers reads and which says the same."""
    from transformers import GPT2LMHeadModel

    adapter = tmp_path / "adapter"
    wanted = save_adapter(directory, adapter)
    plain = tmp_path / "plain"
    plain.mkdir()

    save_file(merged(adapter), plain / "model.safetensors", {"format": "pt"})

    shutil.copy(adapter / "config.json", plain)
    model, facts = GPT2LMHeadModel.from_pretrained(plain, output_loading_info=True)
    assert not facts["missing_keys"]
    assert not facts["unexpected_keys"]
    with torch.inference_mode():
        assert np.abs(model.eval()(torch.tensor([TOKENS])).logits[0].numpy() - wanted).max() < 1e-4


def test_the_base_by_its_name(directory: Path, tmp_path: Path, home: Path) -> None:
    """The base is looked for among the models here first, under the name and version that training noted."""
    adapter = tmp_path / "adapter"
    wanted = save_adapter(directory, adapter)
    shutil.move(directory, home / "models" / "storyteller" / "3")

    name_base(adapter, name="storyteller", version="3")

    assert np.abs(said(adapter) - wanted).max() < 1e-4


def lose_the_base(base: Path, adapter: Path) -> None:
    shutil.rmtree(base)


def other_weights(base: Path, adapter: Path) -> None:
    shutil.rmtree(base)
    save_gpt2(base, spread=0.2)


def other_sizes(base: Path, adapter: Path) -> None:
    shutil.rmtree(base)
    save_gpt2(base, n_embd=16)
    shutil.copy(base / "config.json", adapter)
    name_base(adapter, name="none")


def fewer_layers(base: Path, adapter: Path) -> None:
    shutil.rmtree(base)
    save_gpt2(base, n_layer=2)
    shutil.copy(base / "config.json", adapter)
    name_base(adapter, name="none")


def another_kind(base: Path, adapter: Path) -> None:
    (base / "config.json").write_text('{"model_type": "llama"}')


def an_adapter(base: Path, adapter: Path) -> None:
    shutil.copy(adapter / "adapter_config.json", base)


def truncate(base: Path, adapter: Path) -> None:
    (adapter / ADAPTER).write_bytes((adapter / ADAPTER).read_bytes()[:-8])


def lose_the_weights(base: Path, adapter: Path) -> None:
    (adapter / ADAPTER).unlink()


def halve(base: Path, adapter: Path) -> None:
    tensors = {name: tensor for name, tensor in load_file(adapter / ADAPTER).items() if "lora_B" in name}
    save_file(tensors, adapter / ADAPTER, {"format": "pt"})


def another_rank(base: Path, adapter: Path) -> None:
    tensors = load_file(adapter / ADAPTER)
    cut = {name: (tensor[:2] if "lora_A" in name else tensor[:, :2]).clone() for name, tensor in tensors.items()}
    save_file(cut, adapter / ADAPTER, {"format": "pt"})


def halve_a_rank(base: Path, adapter: Path) -> None:
    tensors = load_file(adapter / ADAPTER)
    cut = {name: (tensor if "lora_A" in name else tensor[:, :2]).clone() for name, tensor in tensors.items()}
    save_file(cut, adapter / ADAPTER, {"format": "pt"})


def change_the_head(base: Path, adapter: Path) -> None:
    tensors = load_file(adapter / ADAPTER)
    for half, shape in (("A", (4, 24)), ("B", (320, 4))):
        tensors[f"base_model.model.lm_head.lora_{half}.weight"] = torch.ones(shape)
    save_file(tensors, adapter / ADAPTER, {"format": "pt"})
    tensors = load_file(base / "model.safetensors")
    save_file(tensors | {"lm_head.weight": tensors["transformer.wte.weight"].clone()}, base / "model.safetensors")
    name_base(adapter, name="none")


def change_config(**fields: Any) -> Callable[[Path, Path], None]:
    def change(base: Path, adapter: Path) -> None:
        file = adapter / "adapter_config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | fields))

    return change


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lose_the_base, "it is an adapter for the model none@1, which is not here"),
        (other_weights, "it is an adapter for other weights than those of"),
        (other_sizes, "its adapter was made for another base"),
        (fewer_layers, "which its base lacks"),
        (another_kind, "another kind of model than its base, a llama"),
        (an_adapter, "is itself an adapter"),
        (truncate, "adapter_model.safetensors is damaged"),
        (halve, "only one of the two factors of"),
        (lose_the_weights, "adapter_model.safetensors is missing"),
        (change_config(peft_type="IA3"), "only LORA is known here"),
        (change_config(use_dora=True), "asks for use_dora"),
        (change_config(modules_to_save=["wte"]), "an embedding and a head apart"),
        (change_config(init_lora_weights="pissa"), "was begun by pissa, which changes the base"),
        (change_the_head, "its adapter changes the head"),
        (change_config(bias="all"), "changes biases (all)"),
        (change_config(r="four"), "no r and lora_alpha"),
        (change_config(lora_alpha=float("nan")), "no r and lora_alpha that are numbers"),
        (change_config(r=8), "says that r is 8, and the factors of h.0.attn.c_attn.weight are [4, 24] and [72, 4]"),
        (another_rank, "says that r is 4, and the factors of h.0.attn.c_attn.weight are [2, 24] and [72, 2]"),
        (halve_a_rank, "says that r is 4, and the factors of h.0.attn.c_attn.weight are [4, 24] and [72, 2]"),
    ],
)
def test_damage(directory: Path, tmp_path: Path, damage: Callable[[Path, Path], object], told: str) -> None:
    """An adapter that is damaged, or whose base is missing or another, is refused in one sentence."""
    adapter = tmp_path / "adapter"
    save_adapter(directory, adapter)
    damage(directory, adapter)

    with pytest.raises(UnusableModel) as caught:
        opened(adapter)

    assert told in str(caught.value)
