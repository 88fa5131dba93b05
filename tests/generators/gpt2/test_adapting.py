"""Adapters that write beside each other over one base."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from generators.directory import ADAPTER
from generators.errors import UnusableModel
from generators.gpt2.linear import Precision
from generators.gpt2.writer import GPT2
from tests.fakes.language_models import save_gpt2
from tests.generators.gpt2.conftest import opened, save_adapter

KINDS: list[dict[str, Any]] = [
    {"r": 4},
    {"r": 2, "target_modules": ["c_attn", "c_proj", "c_fc"], "use_rslora": True},
    {"r": 1, "target_modules": ["c_fc"], "fan_in_fan_out": False},
]


@pytest.fixture
def adapters(directory: Path, tmp_path: Path) -> list[Path]:
    """Adapters of several ranks for several layers."""
    places = [tmp_path / f"adapter-{place}" for place in range(len(KINDS))]
    for place, (adapter, fields) in enumerate(zip(places, KINDS, strict=True)):
        save_adapter(directory, adapter, seed=place, **fields)
    return places


def beside(base: GPT2, adapters: list[Path]) -> list[GPT2]:
    """The base, and it with each adapter."""
    found = [base.adapted(adapter, base.info) for adapter in adapters]
    return [base, *(model for model in found if model is not None)]


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("int8", 0.8)])
def test_beside_each_other(directory: Path, adapters: list[Path], precision: Precision, tolerance: float) -> None:
    """Texts of the base and of adapters of any rank read and step together as each does with merged weights."""
    base = opened(directory, precision)
    voices = beside(base, adapters)
    merged = [opened(each) for each in (directory, *adapters)]
    numbers = np.random.default_rng(0)
    states = [voice.start() for voice in voices for _ in range(2)]
    alone = [model.start() for model in merged for _ in range(2)]

    for chunks in (range(3, 11), [1] * 8, [1, 4] * 4, [1] * 8):
        tokens = [numbers.integers(0, 320, count).tolist() for count in chunks]
        together = base.extend(states, tokens)
        single = [
            merged[place // 2].extend([state], [ids])[0]
            for place, (state, ids) in enumerate(zip(alone, tokens, strict=True))
        ]
        assert np.abs(together - np.stack(single)).max() < tolerance
    assert len(voices) == 4


def test_forks_keep_their_adapter(directory: Path, adapters: list[Path]) -> None:
    """A fork of an adapter's text goes on as its text does."""
    base = opened(directory)
    voice = beside(base, adapters)[1]
    state = voice.start()
    base.extend([state], [[5, 6, 7]])
    fork = base.fork(state)

    one, other = base.extend([state], [[8]]), base.extend([fork], [[8]])

    assert np.abs(one - other).max() < 1e-5


def test_what_cannot_be_shared(directory: Path, tmp_path: Path) -> None:
    """An adapter that trained more than linear layers needs weights of its own."""
    adapter = tmp_path / "adapter"
    save_adapter(directory, adapter, modules_to_save=["ln_f"])

    base = opened(directory)

    assert base.adapted(adapter, base.info) is None


def test_another_base(tmp_path: Path, adapters: list[Path]) -> None:
    """An adapter that was made for other sizes is refused in a sentence."""
    base = opened(save_gpt2(tmp_path / "other", n_embd=12, n_head=2))

    with pytest.raises(UnusableModel, match="made for another base"):
        base.adapted(adapters[0], base.info)


def test_a_context_of_its_own(directory: Path, adapters: list[Path]) -> None:
    """An adapter that says of itself another context, whose texts would grow beyond the base's, is not shared."""
    config = json.loads((adapters[0] / "config.json").read_text())
    (adapters[0] / "config.json").write_text(json.dumps(config | {"n_positions": 4096}))

    base = opened(directory)

    assert base.adapted(adapters[0], base.info) is None


def test_no_numbers(directory: Path, adapters: list[Path]) -> None:
    """An adapter with factors that are no numbers is refused in a sentence."""
    tensors = load_file(adapters[0] / ADAPTER)
    next(iter(tensors.values()))[0, 0] = torch.nan
    save_file(tensors, adapters[0] / ADAPTER)

    base = opened(directory)

    with pytest.raises(UnusableModel, match="not finite"):
        base.adapted(adapters[0], base.info)


def test_numbers_that_are_too_large(directory: Path, adapters: list[Path]) -> None:
    """An adapter whose scaling takes its factors beyond what a number can be is refused in a sentence, too."""
    file = adapters[0] / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"lora_alpha": 1e300}))

    base = opened(directory)

    with pytest.raises(UnusableModel, match="not finite"):
        base.adapted(adapters[0], base.info)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_broken_neighbour(directory: Path, adapters: list[Path], value: float) -> None:
    """Where an adapter's numbers go bad, the texts of the base and of others in the same steps are what they were."""
    base = opened(directory)
    voices = beside(base, adapters)
    adapter = voices[1].start().adapter
    assert adapter is not None
    sound = opened(directory)
    texts = [[voice.start() for voice in (*those, those[2])] for those in (voices, beside(sound, adapters))]
    chunks = [[[3, 4], [5], [6, 7, 8], [9], [10]], [[1]] * 5, [[2]] * 5]
    wanted = [sound.extend(texts[1], chunk) for chunk in chunks]
    for down, _ in adapter.factors.values():
        down[0, 0] = value

    found = [base.extend(texts[0], chunk) for chunk in chunks]

    for one, other in zip(found, wanted, strict=True):
        assert not np.isfinite(one[1]).all()
        assert np.abs(np.delete(one - other, 1, 0)).max() < 1e-5
