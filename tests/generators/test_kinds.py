"""Models of several kinds on one shelf."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from generators.completion import CompletionRequest, Piece
from generators.errors import InvalidValue, MissingExtra
from generators.kinds import cache_bytes, info_of, is_installed, load_model, rank
from generators.local import LocalGenerator, Shelf
from tests.fakes.language_models import save, save_gpt2
from tests.fakes.models import save_tiny


def tiny_llama() -> Any:
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"vocab_size": 320, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return LlamaForCausalLM(LlamaConfig(**sizes, intermediate_size=8, bos_token_id=0, eos_token_id=0))


async def test_one_shelf(tmp_path: Path) -> None:
    """GPT-2s, which write best, are listed before char-RNNs and these before all others; each writes."""
    save(tiny_llama(), tmp_path / "a" / "1")
    save_gpt2(tmp_path / "b" / "1")
    save_tiny(tmp_path / "c" / "1")
    generator = LocalGenerator([Shelf(tmp_path)], device="cpu", threads=1)

    infos = await generator.models()
    written = {}
    for info in infos:
        async with generator.complete(CompletionRequest(model=info.name, max_tokens=5, min_tokens=5)) as events:
            written[info.name] = [event async for event in events if isinstance(event, Piece)]
    await generator.close()

    assert [(info.name, info.kind) for info in infos] == [("b", "gpt2"), ("c", "charrnn"), ("a", "llama")]
    assert [len(pieces) for pieces in written.values()] == [5, 5, 5]


def test_devices(tmp_path: Path) -> None:
    """A device that this machine has not is refused by its name; char-RNNs need none."""
    gpt2, charrnn = save_gpt2(tmp_path / "b"), save_tiny(tmp_path / "c")

    for device in ("cuda:99", "abacus", "meta"):
        with pytest.raises(InvalidValue, match=device):
            load_model(gpt2, info_of(gpt2, "b"), device=device)
    model = load_model(charrnn, info_of(charrnn, "c"), device="cuda:99")

    assert model.info.kind == "charrnn"


def test_what_kinds_need() -> None:
    """Unknown kinds come last, and the states of a transformer have more room than those of a char-RNN."""
    kinds = ["gpt2", "charrnn", "llama"]

    assert sorted(kinds, key=rank) == kinds
    assert all(map(is_installed, kinds))
    assert cache_bytes("charrnn") < cache_bytes("gpt2") == cache_bytes("llama")


def test_without_transformers(tmp_path: Path) -> None:
    """Where transformers is missing, a kind that only it might know names the extra; a GPT-2 is as good as ever."""
    save(tiny_llama(), tmp_path / "a" / "1")
    save_gpt2(tmp_path / "b" / "1")
    script = (
        "import asyncio, sys; sys.modules['transformers'] = None\n"
        "from pathlib import Path; from generators.local import LocalGenerator, Shelf\n"
        f"generator = LocalGenerator([Shelf(Path({str(tmp_path)!r}))])\n"
        "print([info.name for info in asyncio.run(generator.models())])\n"
        "try: asyncio.run(generator.load('a'))\n"
        "except Exception as fault: print(type(fault).__name__, fault)"
    )

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    first, second = answer.stdout.splitlines()
    assert first == "['b']"
    assert second.startswith(f"{MissingExtra.__name__} Writing with a model of the kind llama needs packages")
