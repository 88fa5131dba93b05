"""A GPT-2's directory, whole and damaged."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from generators.completion import Sampling
from generators.directory import INDEX, WEIGHTS
from generators.errors import UnusableModel
from generators.gpt2 import read_info
from generators.gpt2.weights import read_file
from generators.gpt2.writer import GPT2
from tests.fakes.language_models import byte_level_bpe
from tests.generators.gpt2.conftest import opened

TOKENS = [5, 300, 17, 256, 9]


def said(model: GPT2) -> Any:
    (logits,) = model.extend([model.start()], [TOKENS], "all")
    return logits


def change_config(**fields: Any) -> Callable[[Path], object]:
    def change(directory: Path) -> None:
        file = directory / "config.json"
        config = json.loads(file.read_text()) | fields
        file.write_text(json.dumps({name: value for name, value in config.items() if value != "none"}))

    return change


def change_tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], object]:
    def changed(directory: Path) -> None:
        tensors = load_file(directory / WEIGHTS)
        change(tensors)
        save_file(tensors, directory / WEIGHTS, {"format": "pt"})

    return changed


def without_prefix(tensors: dict[str, torch.Tensor]) -> None:
    for name in list(tensors):
        tensors[name.removeprefix("transformer.")] = tensors.pop(name)
    tensors["h.0.attn.bias"] = torch.ones(1, 1, 64, 64).tril()
    tensors["h.0.attn.masked_bias"] = torch.tensor(-1e4)


def with_head(tensors: dict[str, torch.Tensor]) -> None:
    tensors["lm_head.weight"] = tensors["transformer.wte.weight"].clone()


def poison(tensors: dict[str, torch.Tensor]) -> None:
    tensors["transformer.ln_f.bias"][3] = float("nan")


def as_integers(tensors: dict[str, torch.Tensor]) -> None:
    tensors["transformer.ln_f.bias"] = tensors["transformer.ln_f.bias"].to(torch.int8)


def truncate(directory: Path) -> None:
    file = directory / WEIGHTS
    file.write_bytes(file.read_bytes()[:-100])


def pickle(directory: Path) -> None:
    torch.save({"a": torch.zeros(3)}, directory / WEIGHTS)


def old_pickle(directory: Path) -> None:
    torch.save({"a": torch.zeros(3)}, directory / WEIGHTS, _use_new_zipfile_serialization=False)


def shard(directory: Path) -> None:
    tensors = load_file(directory / WEIGHTS)
    (directory / WEIGHTS).unlink()
    files = {name: f"model-0000{1 + place % 2}-of-00002.safetensors" for place, name in enumerate(tensors)}
    for file in set(files.values()):
        save_file({name: tensors[name] for name in files if files[name] == file}, directory / file, {"format": "pt"})
    (directory / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": files}))


@pytest.mark.parametrize("change", [change_tensors(without_prefix), change_tensors(with_head), shard])
def test_layouts(directory: Path, model: GPT2, change: Callable[[Path], object]) -> None:
    """Names without prefix, old masks, a tied head in the file and several files change nothing."""
    before = said(model)

    change(directory)

    assert (said(opened(directory)) == before).all()


@pytest.mark.parametrize(("number", "tolerance"), [(torch.float16, 0.05), (torch.bfloat16, 0.5)])
def test_formats(directory: Path, model: GPT2, number: torch.dtype, tolerance: float) -> None:
    """Half precision is read and computed with in full."""
    before = said(model)

    change_tensors(lambda tensors: tensors.update({n: t.to(number) for n, t in tensors.items()}))(directory)

    after = said(opened(directory))
    assert 0 < np.abs(after - before).max() < tolerance
    assert after.dtype == np.float32


@pytest.mark.parametrize("length", [640, 896, 1152, 1408])
def test_headers_that_begin_as_pickles_do(tmp_path: Path, length: int) -> None:
    """The length of a header that comes first in a file may look like a pickle's first bytes; the file is read."""
    file = tmp_path / WEIGHTS
    for comment in range(length):
        save_file({"a": torch.ones(2)}, file, {"comment": "x" * comment})
        if int.from_bytes(file.read_bytes()[:8], "little") == length:
            break

    tensors = read_file(file, tmp_path)

    assert file.read_bytes()[0] == 0x80
    assert tensors["a"].tolist() == [1, 1]


def test_the_old_tokenizer(directory: Path, model: GPT2) -> None:
    """vocab.json and merges.txt alone are the same tokenizer."""
    text = "The miller's daughter — naïve 🙂\n\tsaid <|endoftext|>"
    before = model.vocabulary.encode(text)
    byte_level_bpe().model.save(str(directory))
    (directory / "tokenizer.json").unlink()

    vocabulary = opened(directory).vocabulary

    assert vocabulary.encode(text) == before
    assert vocabulary.decode(before) == text
    assert vocabulary.special == {0}
    assert vocabulary.size == 320


def test_info(directory: Path) -> None:
    """What the model is comes from its files; its version from the weights where nobody has named one."""
    change_config(labels={"joke": 0})(directory)
    written = {"temperature": 0.7, "top_k": 40, "max_new_tokens": 70, "min_new_tokens": None}
    (directory / "generation_config.json").write_text(json.dumps(written))

    info = read_info(directory, "tiny")

    assert (info.kind, info.token, info.context, info.labels) == ("gpt2", "piece", 64, ("joke",))
    assert info.sampling == Sampling(temperature=(0.7,), top_k=40)
    assert (info.max_tokens, info.min_tokens) == (70, 0)
    assert len(info.version) == 12
    (directory / "generation_config.json").write_text("{}")
    assert read_info(directory, "tiny").max_tokens == 100
    (directory / "planchette.json").write_text('{"version": "v3", "description": "tells tales"}')
    assert read_info(directory, "tiny").version == "v3"


def test_versions_tell_weights_apart(directory: Path, tmp_path: Path) -> None:
    """Copies have one version; other weights of the same size have another."""
    shutil.copytree(directory, tmp_path / "copy")
    shutil.copytree(directory, tmp_path / "other")

    change_tensors(lambda tensors: tensors["transformer.h.1.ln_1.bias"].add_(1))(tmp_path / "other")

    first, copy, other = (read_info(each, "a").version for each in (directory, tmp_path / "copy", tmp_path / "other"))
    assert first == copy != other


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda directory: (directory / WEIGHTS).unlink(), "model.safetensors is missing"),
        (truncate, "model.safetensors is damaged"),
        (pickle, "is a pickle under another name"),
        (old_pickle, "is a pickle under another name"),
        (change_tensors(lambda tensors: tensors.pop("transformer.h.1.mlp.c_fc.bias")), "no tensor h.1.mlp.c_fc.bias"),
        (change_tensors(poison), "tensor ln_f.bias holds numbers that are not finite"),
        (change_tensors(as_integers), "tensor ln_f.bias holds torch.int8"),
        (change_config(n_embd=32), "has shape [320, 24] and config.json says [320, 32]"),
        (change_config(n_head=5), "n_embd 24 cannot be divided by its n_head 5"),
        (change_config(n_head="none"), "config.json has no n_head"),
        (change_config(n_head="four"), "n_head is 'four'"),
        (change_config(n_layer=10**9), "n_layer is 1000000000"),
        (change_config(vocab_size=10**12), "vocab_size is 1000000000000"),
        (change_config(vocab_size=300), "its tokenizer has 320 tokens and config.json has room for 300"),
        (change_config(n_positions="none"), "config.json has no n_positions"),
        (change_config(activation_function="swish"), "activation_function is 'swish'"),
        (change_config(add_cross_attention=True), "cross-attention"),
        (change_config(auto_map={"AutoModel": "evil.Evil"}), "names code to run"),
        (change_config(eos_token_id=999), "outside the vocabulary"),
        (change_config(tie_word_embeddings=False), "no tensor lm_head.weight"),
        (lambda directory: (directory / "tokenizer.json").write_text("{}"), "tokenizer or config cannot be read"),
        (lambda directory: (directory / "tokenizer.json").unlink(), "tokenizer or config cannot be read"),
        (lambda directory: (directory / "config.json").write_text("[]"), "config.json is damaged"),
        (lambda directory: (directory / "generation_config.json").write_text('{"top_p": 3}'), "generation_config"),
    ],
)
def test_damage(directory: Path, damage: Callable[[Path], object], told: str) -> None:
    """Files that are missing, damaged or do not fit each other are refused in one sentence."""
    damage(directory)

    with pytest.raises(UnusableModel) as caught:
        opened(directory)

    assert told in str(caught.value)


@pytest.mark.parametrize("names", [{"a": "../model.safetensors"}, {"a": 3}, [], {"a": "weights.bin"}])
def test_an_index_that_leads_elsewhere(directory: Path, names: object) -> None:
    """An index may name safetensors beside it, and nothing else."""
    shard(directory)
    (directory / INDEX).write_text(json.dumps({"weight_map": names}))

    with pytest.raises(UnusableModel, match="names no safetensors files"):
        opened(directory)


def test_a_missing_shard(directory: Path) -> None:
    """A file that the index names has to be there."""
    shard(directory)
    (directory / "model-00002-of-00002.safetensors").unlink()

    with pytest.raises(UnusableModel, match=r"model-00002-of-00002\.safetensors is missing"):
        opened(directory)


def test_writing_imports_no_transformers(directory: Path) -> None:
    """A GPT-2 is loaded and written with by torch alone, and listed without even that."""
    script = (
        "import sys; from pathlib import Path; from generators.local import Shelf; from generators import load\n"
        f"path = Path({str(directory)!r}); Shelf(path.parent, shipped=True).info(path)\n"
        "print('torch' in sys.modules)\n"
        "print(len(load(path).write('The king', max_tokens=5, min_tokens=5, seed=1)) > 0)\n"
        "print(sorted({'transformers', 'peft', 'accelerate'} & set(sys.modules)))"
    )

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.split() == ["False", "True", "[]"]


def test_without_torch(directory: Path) -> None:
    """Where torch is missing, such a model is not listed, and loading one says which extra brings it."""
    script = (
        "import asyncio, sys; sys.modules['torch'] = None\n"
        "from pathlib import Path; from generators import load\n"
        "from generators.local import LocalGenerator, Shelf\n"
        f"path = Path({str(directory)!r})\n"
        "print(asyncio.run(LocalGenerator([Shelf(path.parent, shipped=True)]).models()))\n"
        "try: load(path)\n"
        "except Exception as fault: print(type(fault).__name__, fault)"
    )

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    first, second = answer.stdout.splitlines()
    assert first == "[]"
    assert second.startswith("MissingExtra Writing with a GPT-2 needs packages that are not installed")
    assert "make run EXTRAS=torch" in second
