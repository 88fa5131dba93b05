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
from safetensors.numpy import load_file, save_file

from generators.charrnn import load, read_info
from generators.charrnn.tokenizer import tokenizer_of
from generators.charrnn.windowed import WindowedCharRNN
from generators.completion import Sampling
from generators.errors import UnusableModel

WEIGHTS = "model.safetensors"


def truncate(directory: Path) -> None:
    data = (directory / WEIGHTS).read_bytes()
    (directory / WEIGHTS).write_bytes(data[: len(data) // 2])


def garble(directory: Path) -> None:
    (directory / WEIGHTS).write_bytes(b"\x80\x04K\x01.")


def with_tensors(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def changed(directory: Path) -> None:
        tensors = load_file(directory / WEIGHTS)
        change(tensors)
        save_file(tensors, directory / WEIGHTS)

    return changed


def with_config(**fields: Any) -> Callable[[Path], None]:
    def changed(directory: Path) -> None:
        config = json.loads((directory / "config.json").read_text("utf-8")) | fields
        (directory / "config.json").write_text(json.dumps(config), "utf-8")

    return changed


def poison(tensors: dict[str, Any]) -> None:
    tensors["output.bias"][3] = np.nan


def as_integers(tensors: dict[str, Any]) -> None:
    tensors["output.bias"] = tensors["output.bias"].astype(np.int32)


def leave_a_gap(directory: Path) -> None:
    written = json.loads((directory / "tokenizer.json").read_text("utf-8"))
    written["model"]["vocab"]["e"] = 10**9
    (directory / "tokenizer.json").write_text(json.dumps(written), "utf-8")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda directory: (directory / WEIGHTS).unlink(), "model.safetensors is missing"),
        (truncate, "model.safetensors is damaged"),
        (garble, "model.safetensors is a pickle under another name"),
        (with_tensors(lambda tensors: tensors.pop("rnn.1.bias_hh_l0")), "no tensor rnn.1.bias_hh_l0"),
        (with_tensors(poison), "tensor output.bias holds numbers that are not finite"),
        (with_tensors(as_integers), "tensor output.bias holds int32"),
        (leave_a_gap, "do not run from 0 without a gap"),
        (with_config(vocab_size="412"), "lacks a number"),
        (with_config(hidden_sizes=[8, 7]), "tensor attention.weight has shape [1, 19] and config.json says [1, 20]"),
        (with_config(hidden_sizes="many"), "config.json"),
        (with_config(cell="rnn"), "has to be lstm or gru"),
        (with_config(attention_decay=0), "attention_decay"),
        (with_config(bidirectional=True), "which need a window"),
        (with_config(labels={"funny": 999}), "outside the vocabulary"),
        (with_config(labels=["funny"]), "labels that are no names"),
        (with_config(adaptive_cutoffs=[100]), "no tensor output.head.weight"),
        (with_config(bos_token_id="first"), "tokenizer or config cannot be read"),
        (with_config(eos_token_id=999), "outside the vocabulary"),
        (lambda directory: (directory / "tokenizer.json").write_text("{}"), "tokenizer or config cannot be read"),
        (lambda directory: tokenizer_of("ab").save(str(directory / "tokenizer.json")), "tokenizer.json has 260 tokens"),
    ],
)
def test_damage(directory: Path, damage: Callable[[Path], Any], reason: str) -> None:
    """A directory whose files are missing, damaged or do not fit each other is refused with the reason."""
    info = read_info(directory, "tiny")
    damage(directory)

    with pytest.raises(UnusableModel) as refusal:
        load(directory, info)

    assert reason in refusal.value.reason


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("config.json", "{", "config.json is damaged"),
        ("config.json", "[]", "config.json is damaged"),
        ("config.json", "[" * 100_000, "config.json is damaged"),
        ("generation_config.json", '{"max_new_tokens": 0}', "max_new_tokens cannot be 0"),
        ("generation_config.json", '{"min_new_tokens": 2.5}', "min_new_tokens cannot be 2.5"),
        ("config.json", '{"model_type": "gpt2"}', "a gpt2, not a charrnn"),
        ("generation_config.json", '{"temperature": 99}', "generation_config.json is wrong"),
        ("generation_config.json", '{"top_k": "many"}', "generation_config.json is wrong"),
    ],
)
def test_damaged_description(directory: Path, file: str, content: str, reason: str) -> None:
    """A description that is no JSON, of another kind or out of range is refused with the reason."""
    (directory / file).write_text(content, "utf-8")

    with pytest.raises(UnusableModel) as refusal:
        read_info(directory, "tiny")

    assert reason in refusal.value.reason


def test_nothing_there(tmp_path: Path) -> None:
    """A directory without a model is refused by its first missing file."""
    with pytest.raises(UnusableModel) as refusal:
        read_info(tmp_path, "tiny")

    assert refusal.value.reason == "config.json is missing"


def test_info(directory: Path) -> None:
    """The defaults of generation_config.json and the version of planchette.json are what the model says of itself."""
    generation = {"temperature": 0, "top_k": 5, "top_p": None, "max_new_tokens": 80, "min_new_tokens": 20}
    (directory / "generation_config.json").write_text(json.dumps(generation), "utf-8")
    (directory / "planchette.json").write_text('{"version": "7", "description": "small"}', "utf-8")

    info = read_info(directory, "tiny", shipped=True)

    assert (info.name, info.version, info.description, info.shipped) == ("tiny", "7", "small", True)
    assert (info.kind, info.token, info.context) == ("charrnn", "character", None)
    assert info.sampling == Sampling(temperature=(0.0,), top_k=5)
    assert (info.max_tokens, info.min_tokens) == (80, 20)


def test_info_of_labels_and_words(saved: Callable[..., Path]) -> None:
    """A model of words says so, and which labels it has; a stream never drops anything."""
    info = read_info(saved(words=["Ġone", "Ġtwo"], labels=["funny", "short"]), "tiny")

    assert (info.token, info.labels, info.context) == ("word", ("funny", "short"), None)


def test_labels_without_tokens(directory: Path) -> None:
    """A label that the tokenizer has no special token for is refused: it would stand for some character."""
    with_config(labels={"funny": 260})(directory)

    with pytest.raises(UnusableModel, match=r"has the label funny, for which tokenizer.json has no special token"):
        load(directory, read_info(directory, "tiny"))


def test_windows(saved: Callable[..., Path]) -> None:
    """A model with a window is written with by reading windows, and a stream by steps."""
    windowed = saved(window=5, attention="window", bidirectional=True)

    model = load(windowed, read_info(windowed, "tiny"))

    assert isinstance(model, WindowedCharRNN)


def test_version_without_lineage(directory: Path, tmp_path: Path) -> None:
    """Where nobody named a version, the weights do: copies have one, and changed weights another."""
    for name in ("copy", "other"):
        shutil.copytree(directory, tmp_path / name)

    with_tensors(lambda tensors: tensors["output.bias"].__iadd__(1))(tmp_path / "other")

    first, copy, other = (read_info(each, "a").version for each in (directory, tmp_path / "copy", tmp_path / "other"))
    assert first == copy != other


def test_half_precision(directory: Path) -> None:
    """Weights that were saved in half precision are usable."""
    tensors = load_file(directory / WEIGHTS)
    save_file({name: tensor.astype(np.float16) for name, tensor in tensors.items()}, directory / WEIGHTS)

    model = load(directory, read_info(directory, "tiny"))

    assert model.extend([model.start()], [[1]]).dtype == np.float32


def test_light(directory: Path) -> None:
    """Writing imports neither torch nor transformers."""
    script = (
        "import sys; from pathlib import Path; from generators.charrnn import load, read_info\n"
        "directory = Path(sys.argv[1]); model = load(directory, read_info(directory, 'tiny'))\n"
        "model.extend([model.start()], [[1]])\n"
        "print(sorted({'torch', 'transformers'} & set(sys.modules)))"
    )

    answer = subprocess.run([sys.executable, "-c", script, directory], capture_output=True, text=True, check=True)

    assert answer.stdout == "[]\n"
