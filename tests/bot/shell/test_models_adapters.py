"""`planchette models` with adapters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bot.shell.conftest import Shell
from tests.generators.test_importing_gpt2 import made

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

__all__ = ["made"]  # a fixture


@pytest.fixture
def adapter(shell: Shell, made: Path, home: Path) -> str:  # the fixture
    """The name of an imported adapter, beside its base."""
    for arguments in ((made / "whole", "--name", "tiny"), (made / "adapter", "--base", "tiny")):
        ran = shell("models", "import", *map(str, arguments))
        assert ran.code == 0, ran.err
    return "adapter"


def test_listed(shell: Shell, adapter: str) -> None:
    """The list says what an adapter belongs to."""
    described = {line["name"]: line["description"] for line in shell("models", "list", "--json").lines}

    assert described[adapter] == "an adapter of tiny"


def test_shown(shell: Shell, adapter: str) -> None:
    """An adapter's own parameters are shown beside those of its base."""
    (line,) = shell("models", "show", adapter, "--json").lines
    (base,) = shell("models", "show", "tiny", "--json").lines

    assert line["parameters"] == base["parameters"] + line["adapter_parameters"]
    assert [layer["name"] for layer in line["layers"]][-2:] == ["adapter h.0.attn.c_attn", "adapter h.1.attn.c_attn"]
    assert line["layers"][-1]["kind"] == "LoRA of rank 4"
    shown = shell("models", "show", adapter).out
    assert f"\nbase: tiny@{base['version']}\n" in shown
    assert f"Parameters of the adapter: {2 * (4 * 16 + 4 * 48):,}\n" in shown


def test_base_stays(shell: Shell, adapter: str) -> None:
    """A base is not removed while an adapter here rests on it."""
    (version,) = [line["version"] for line in shell("models", "list", "--json").lines if line["name"] == "tiny"]

    refused = [shell("models", "remove", name) for name in ("tiny", f"tiny@{version}")]
    removed = [shell("models", "remove", name) for name in (adapter, "tiny")]

    assert [ran.code for ran in refused] == [1, 1]
    assert refused[0].err == (
        "The adapter adapter rests on the model tiny; remove the adapter first. planchette models export --merge keeps "
        "it as a whole model.\n"
    )
    assert [ran.code for ran in removed] == [0, 0]


def test_merged(shell: Shell, adapter: str, tmp_path: Path, made: Path) -> None:
    """A merged adapter is a whole model, which writes as the adapter does on its base and needs no base."""
    peft = pytest.importorskip("peft")
    target = tmp_path / "merged"
    ids = torch.tensor([[1, 5, 9, 2]])
    base = transformers.GPT2LMHeadModel.from_pretrained(made / "whole")

    exported = shell("models", "export", adapter, str(target), "--merge")

    assert exported.code == 0, exported.err
    assert not (target / "adapter_config.json").exists()
    assert (target / "model.safetensors").stat().st_mode & 0o777 == (target / "config.json").stat().st_mode & 0o777
    assert (
        json.loads((target / "planchette.json").read_text("utf-8"))["base"]["name"] == "tiny"
    )  # its sources are there
    with torch.inference_mode():
        merged = transformers.GPT2LMHeadModel.from_pretrained(target)(ids).logits
        assert not torch.allclose(merged, base(ids).logits, atol=1e-2)
        adapted = peft.PeftModel.from_pretrained(base, made / "adapter")(ids).logits
    assert torch.allclose(merged, adapted, atol=1e-4)
    shell("models", "remove", adapter)
    shell("models", "remove", "tiny")
    assert shell("models", "import", str(target)).code == 0
