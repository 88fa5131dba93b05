from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch

from generators.gpt2 import load, read_info
from generators.gpt2.linear import Precision
from generators.gpt2.writer import GPT2
from tests.fakes.language_models import byte_level_bpe, save_gpt2

TOKENS = [5, 300, 17, 256, 9, 44]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return save_gpt2(tmp_path / "model")


@pytest.fixture
def model(directory: Path) -> GPT2:
    return opened(directory)


def opened(directory: Path, precision: Precision = "fp32") -> GPT2:
    return load(directory, read_info(directory, "tiny"), device="cpu", precision=precision)


def save_adapter(base: Path, directory: Path, *, tokens: int = 320, seed: int = 1, **fields: Any) -> Any:
    """An adapter of random numbers as training keeps it; gives peft's own logits."""
    from peft import LoraConfig, get_peft_model
    from transformers import GPT2LMHeadModel

    torch.manual_seed(seed)
    model = GPT2LMHeadModel.from_pretrained(base, dtype=torch.float32)
    if tokens > model.config.vocab_size:
        model.resize_token_embeddings(tokens)
    settings = {"r": 4, "lora_alpha": 8, "target_modules": ["c_attn"], "fan_in_fan_out": True, **fields}
    adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings)).eval()
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                parameter += 0.3 * torch.randn(parameter.shape)
    adapted.save_pretrained(directory)
    for file in ("config.json", "generation_config.json"):
        shutil.copy(base / file, directory)
    config = json.loads((base / "config.json").read_text()) | {"vocab_size": tokens}
    (directory / "config.json").write_text(json.dumps(config))
    tokenizer = byte_level_bpe()
    tokenizer.add_special_tokens([f"<label:{number}>" for number in range(tokens - 320)])
    tokenizer.save(str(directory / "tokenizer.json"))
    digest = sha256((base / "model.safetensors").read_bytes()).hexdigest()
    name_base(directory, name="none", version="1", sha256=digest)
    with torch.inference_mode():
        return adapted(torch.tensor([TOKENS])).logits[0].numpy()


def name_base(directory: Path, **base: str) -> None:
    (directory / "planchette.json").write_text(json.dumps({"base": base}))
