"""Other causal language models of transformers, by its own code."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from generators.causal import load, read_info
from generators.causal.catalogue import model_types
from generators.causal.writer import CausalLM
from generators.completion import CompletionRequest, Finished, Piece
from generators.engine import Engine
from generators.errors import UnusableModel
from generators.kinds import info_of
from tests.fakes.language_models import byte_level_bpe, save, transformers_logits

TOLERANCE = 1e-4
SIZE = byte_level_bpe().get_vocab_size()


def tiny(kind: str) -> Any:
    """A model of random weights."""
    import torch
    import transformers

    torch.manual_seed(0)
    sizes = {"vocab_size": SIZE + 8, "hidden_size": 16, "num_hidden_layers": 2, "bos_token_id": 0, "eos_token_id": 0}
    heads = {"num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": 96}
    match kind:
        case "llama":
            return transformers.LlamaForCausalLM(
                transformers.LlamaConfig(**sizes, **heads, num_key_value_heads=1, pad_token_id=None)
            )
        case "bert":
            return transformers.BertLMHeadModel(transformers.BertConfig(**sizes, **heads))
        case "gpt_neox":
            return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(**sizes, **heads))
        case _:
            return transformers.RwkvForCausalLM(
                transformers.RwkvConfig(**sizes, attention_hidden_size=16, intermediate_size=32, context_length=96)
            )


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[str], Path]:
    return lambda kind: save(tiny(kind), tmp_path / kind, 0.1)


def opened(directory: Path) -> CausalLM:
    return load(directory, read_info(directory, "tiny"), device="cpu")


@pytest.mark.parametrize("kind", ["llama", "gpt_neox", "rwkv"])
def test_logits(saved: Callable[[str], Path], kind: str) -> None:
    """Texts read in pieces, forked and read on beside each other, have transformers' logits for each as a whole."""
    directory = saved(kind)
    model = opened(directory)
    one, other = list(range(1, 20)), list(range(40, 52))
    states = [model.start(), model.start()]

    model.extend(states, [one[:7], other[:3]])
    fork = model.fork(states[0])
    model.extend([fork], [[99, 98]])
    first, second = model.extend(states, [one[7:], other[3:]], "all")
    last = model.extend([fork], [[97]])

    assert model.info.kind == kind
    assert np.abs(first - transformers_logits(directory, one)[7:, :SIZE]).max() < TOLERANCE
    assert np.abs(second - transformers_logits(directory, other)[3:, :SIZE]).max() < TOLERANCE
    assert np.abs(last[0] - transformers_logits(directory, [*one[:7], 99, 98, 97])[-1, :SIZE]).max() < TOLERANCE
    assert model.nbytes(fork) > 8 * 10


def test_models_that_fill_gaps(saved: Callable[[str], Path]) -> None:
    """A model that sees what follows, which transformers would take for a writer, is refused."""
    directory = saved("bert")

    with pytest.raises(UnusableModel, match="it looks at the tokens that follow"):
        opened(directory)


async def test_writing(saved: Callable[[str], Path]) -> None:
    """The engine writes with it, and the context is what config.json says."""
    engine = Engine(opened(saved("llama")))

    async with engine.complete(CompletionRequest(model="tiny", max_tokens=120, min_tokens=120, seed=1)) as events:
        seen = [event async for event in events]
    engine.close()

    assert engine.info.context == 96
    assert seen[-1] == Finished(0, "length", 0, 120)
    assert len([event for event in seen if isinstance(event, Piece)]) == 120


def test_the_context_is_the_limit(saved: Callable[[str], Path]) -> None:
    """A text beyond the last position is refused."""
    model = opened(saved("gpt_neox"))
    state = model.start()
    model.extend([state], [[1] * 96])

    with pytest.raises(ValueError, match="96 positions"):
        model.extend([state], [[1]])


def test_kinds_are_known_without_transformers() -> None:
    """What transformers can write with is what its own table says."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

    assert model_types() == frozenset(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)


def change_config(**fields: Any) -> Callable[[Path], object]:
    def change(directory: Path) -> None:
        file = directory / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | fields))

    return change


def truncate(directory: Path) -> None:
    file = directory / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def pickle(directory: Path) -> None:
    import torch

    torch.save({"a": torch.zeros(3)}, directory / "model.safetensors")


def lose_a_tensor(directory: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(directory / "model.safetensors")
    del tensors["model.norm.weight"]
    save_file(tensors, directory / "model.safetensors", {"format": "pt"})


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (truncate, "transformers cannot load it"),
        (pickle, "model.safetensors is a pickle under another name"),
        (lose_a_tensor, "no tensor model.norm.weight"),
        (change_config(hidden_size=24), "transformers cannot load it"),
        (change_config(vocab_size=100), "transformers cannot load it"),
        (change_config(attn_implementation="somebody/kernel"), "names code to run (attn_implementation)"),
        (change_config(auto_map={"AutoModelForCausalLM": "evil.Evil"}), "names code to run"),
        (lambda directory: (directory / "model.safetensors").unlink(), "model.safetensors is missing"),
    ],
)
def test_damage(saved: Callable[[str], Path], damage: Callable[[Path], object], told: str) -> None:
    """What cannot be used is refused in one sentence, and nothing of the directory is run."""
    directory = saved("llama")
    damage(directory)

    with pytest.raises(UnusableModel) as caught:
        load(directory, info_of(directory, "tiny"), device="cpu")

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
