from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel
from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

from generators import load
from generators.errors import InvalidValue, Unsupported, UnusableModel, UserError
from generators.evaluation import evaluate
from generators.gpt2 import load as load_model
from generators.gpt2 import read_info
from generators.gpt2.configuration import Shape
from generators.tensors import weights_digest
from generators.training import Corpus, Progress, TrainedModel, train
from generators.training.adapters import adapter_size
from generators.training.errors import NothingToLearn, TooLittleMemory
from generators.training.memory import check_memory, free_memory
from generators.training.recipes import GPT2LoRARecipe, recipe_named
from generators.training.windows import place
from tests.generators.training.titles import TITLES

SHAPE = {"vocabulary_size": "300", "layers": "2", "heads": "2", "width": "32", "context": "64"}
TINY = {"epochs": "2", "window": "64", "sample": "8", "batch_size": "8", "held_out": "0.2"}


def trained(source: Path, output: Path, options: Mapping[str, str] | None = None, **others: Any) -> TrainedModel:
    shape = SHAPE if others.get("recipe") == "gpt2" else {}
    return train([source], output=output, options={**TINY, **shape, **(options or {})}, **others)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("text") / "titles.txt"
    path.write_text("\n".join(TITLES), "utf-8")
    return path


@pytest.fixture(scope="module")
def base(source: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return trained(source, tmp_path_factory.mktemp("models") / "cats", {"learning_rate": "0.01"}, recipe="gpt2")


@pytest.fixture(scope="module")
def adapter(source: Path, base: TrainedModel, tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    options = {"learning_rate": "0.05"}
    return trained(source, tmp_path_factory.mktemp("models") / "lora", options, base=base.directory, lora=True)


def ours(directory: Path, text: str) -> np.ndarray[Any, Any]:
    """What our own writer makes of a text: logits after each of its tokens."""
    model = load_model(directory, read_info(directory, "model"), device="cpu")
    return model.extend([model.start()], [model.vocabulary.encode(text)], "all")[0]


def lineage_of(model: TrainedModel) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((model.directory / "planchette.json").read_text("utf-8"))
    return read


def test_from_scratch(base: TrainedModel) -> None:
    """A GPT-2 from nothing is a Hugging Face directory that transformers reads as it is, with the same logits."""
    text = "the owl likes"

    tokenizer = AutoTokenizer.from_pretrained(base.directory)
    model = GPT2LMHeadModel.from_pretrained(base.directory)
    with torch.no_grad():
        theirs = model(**tokenizer(text, return_tensors="pt")).logits[0].numpy()

    assert model.config.architectures == ["GPT2LMHeadModel"]
    assert ours(base.directory, text) == pytest.approx(theirs, abs=1e-4)
    assert (tokenizer.bos_token, tokenizer.eos_token) == ("<|endoftext|>",) * 2
    assert lineage_of(base)["recipe"]["layers"] == 2
    assert isinstance(load(base.directory).write("the", seed=1, max_tokens=5), str)


@pytest.mark.parametrize("which", ["base", "adapter"])
def test_held_out(source: Path, which: str, request: pytest.FixtureRequest) -> None:
    """The published measure is that of `evaluate` on the documents whose own text holds them out."""
    published: TrainedModel = request.getfixturevalue(which)
    out = [document for document in Corpus([source]) if place(document.text) < 0.2]

    model = load_model(published.directory, read_info(published.directory, "cats"), device="cpu")

    assert published.bits_per_character == pytest.approx(evaluate(model, out)["bits_per_character"], abs=1e-5)


@pytest.mark.parametrize("lora", [False, True])
def test_best_is_kept(source: Path, base: TrainedModel, tmp_path: Path, lora: bool) -> None:
    """Training that stops because it no longer gets better publishes the weights of its best check."""
    bits: list[float] = []

    def told(event: Progress) -> None:
        if event.phase == "checked" and event.bits_per_character is not None:
            bits.append(event.bits_per_character)

    options = {"epochs": "30", "learning_rate": "0.3", "schedule": "constant", "patience": "2", "gen_epochs": "0"}
    stopped = trained(source, tmp_path / "dogs", options, base=base.directory, lora=lora, progress=told)

    assert len(bits) < 30
    assert min(bits) < min(bits[-2:])
    assert stopped.bits_per_character == pytest.approx(min(bits), abs=1e-5)


def test_tuned(source: Path, base: TrainedModel, tmp_path: Path) -> None:
    """Fine-tuning keeps tokenizer and shape, changes all weights and knows its base."""
    tuned = trained(source, tmp_path / "dogs", base=base.directory)

    lineage = lineage_of(tuned)
    generation = json.loads((tuned.directory / "generation_config.json").read_text("utf-8"))
    assert lineage["recipe"]["name"] == "gpt2-tune"
    assert "layers" not in lineage["recipe"]
    assert (lineage["base"]["name"], lineage["base"]["version"]) == ("cats", base.version)
    assert generation["top_k"] == 40
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tuned.directory / name).read_bytes() == (base.directory / name).read_bytes()
    assert tuned.bits_per_character != base.bits_per_character
    assert GPT2LMHeadModel.from_pretrained(tuned.directory).config.n_layer == 2


def test_adapter(base: TrainedModel, adapter: TrainedModel) -> None:
    """An adapter is peft's two files beside the base's config and tokenizer, and loads to the logits that peft has."""
    text = "a cat sees the moon"

    tokenizer = AutoTokenizer.from_pretrained(adapter.directory)
    model = PeftModel.from_pretrained(GPT2LMHeadModel.from_pretrained(base.directory), str(adapter.directory))
    with torch.no_grad():
        theirs = model(**tokenizer(text, return_tensors="pt")).logits[0].numpy()

    assert not (adapter.directory / "model.safetensors").exists()
    assert (adapter.directory / "adapter_model.safetensors").stat().st_size < 20_000
    assert ours(adapter.directory, text) == pytest.approx(theirs, abs=1e-4)
    assert np.abs(ours(base.directory, text) - theirs).max() > 1e-3
    record = lineage_of(adapter)["base"]
    assert (record["name"], record["version"]) == ("cats", base.version)
    assert record["sha256"] == weights_digest(base.directory)
    assert adapter.metrics["trained_parameters"] == 2 * 8 * (32 + 96)


def test_adapter_goes_on(source: Path, base: TrainedModel, adapter: TrainedModel, tmp_path: Path) -> None:
    """Training an adapter further with lora changes the adapter alone; it still stands on the first base."""
    further = trained(source, tmp_path / "more", base=adapter.directory, lora=True)

    lineage = lineage_of(further)
    assert (lineage["base"]["name"], lineage["base"]["version"]) == ("cats", base.version)
    assert (lineage["adapter"]["name"], lineage["adapter"]["version"]) == ("lora", adapter.version)
    assert further.version != adapter.version
    assert "rank" not in lineage["recipe"]
    with pytest.raises(InvalidValue, match="which decides it"):
        trained(source, tmp_path / "higher", {"rank": "16"}, base=adapter.directory, lora=True)
    assert ours(further.directory, "a cat").shape == ours(adapter.directory, "a cat").shape


def test_adapter_merged(source: Path, adapter: TrainedModel, tmp_path: Path) -> None:
    """Without lora an adapter is merged first, and all weights go on from there."""
    tuned = trained(source, tmp_path / "whole", {"learning_rate": "1e-9"}, base=adapter.directory)

    assert (tuned.directory / "model.safetensors").exists()
    assert not (tuned.directory / "adapter_config.json").exists()
    assert ours(tuned.directory, "a cat") == pytest.approx(ours(adapter.directory, "a cat"), abs=1e-3)


@pytest.mark.parametrize("lora", [False, True])
def test_resumed(source: Path, base: TrainedModel, tmp_path: Path, lora: bool) -> None:
    """An interrupted fine-tuning goes on where it was, and ends in the weights that it would have had."""
    options = {"epochs": "3", "accumulation": "2", "batch_size": "2"}
    how: dict[str, Any] = {"base": base.directory, "lora": lora}
    left = 3

    def told(event: Progress) -> None:
        nonlocal left
        left -= event.phase == "checked"
        if not left:
            raise KeyboardInterrupt

    whole = trained(source, tmp_path / "whole" / "dogs", options, **how)
    with pytest.raises(KeyboardInterrupt):
        trained(source, tmp_path / "dogs", options, progress=told, **how)
    resumed = trained(source, tmp_path / "dogs", options, resume=True, **how)

    assert resumed.version == whole.version


def test_stock_model(source: Path, base: TrainedModel, tmp_path: Path) -> None:
    """A directory that others made, its weights in several files and its rows more than tokens, can be gone on from."""
    stock = tmp_path / "stock"
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=320, n_positions=64, n_embd=32, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=0)
    GPT2LMHeadModel(config).save_pretrained(stock, max_shard_size="40KB")
    shutil.copyfile(base.directory / "tokenizer.json", stock / "tokenizer.json")

    tuned = trained(source, tmp_path / "tuned", base=stock)
    adapter = trained(source, tmp_path / "adapter", base=stock, lora=True)

    assert (stock / "model.safetensors.index.json").exists()
    assert GPT2LMHeadModel.from_pretrained(tuned.directory).config.vocab_size == 320
    assert isinstance(load(adapter.directory).write(seed=1, max_tokens=5), str)


@pytest.mark.parametrize("lora", [False, True])
def test_old_files(source: Path, base: TrainedModel, tmp_path: Path, lora: bool) -> None:
    """A base whose tokenizer is in GPT-2's two first files, and whose config names one end, can be gone on from."""
    old = tmp_path / "old"
    shutil.copytree(base.directory, old)
    written = json.loads((old / "tokenizer.json").read_text("utf-8"))
    (old / "vocab.json").write_text(json.dumps(written["model"]["vocab"]), "utf-8")
    (old / "merges.txt").write_text("\n".join(" ".join(pair) for pair in written["model"]["merges"]), "utf-8")
    config = json.loads((old / "config.json").read_text("utf-8"))
    config |= {"bos_token_id": None, "attn_implementation": "flash_attention_2"}
    (old / "config.json").write_text(json.dumps(config), "utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (old / name).unlink()

    tuned = trained(source, tmp_path / "tuned", {"learning_rate": "1e-9"}, base=old, lora=lora)

    assert ours(tuned.directory, "a cat") == pytest.approx(ours(base.directory, "a cat"), abs=1e-3)
    assert isinstance(load(tuned.directory).write(seed=1, max_tokens=5), str)


def test_label_alone(tmp_path: Path) -> None:
    """Where holding text out leaves a label and nothing to learn, that is said."""
    table = tmp_path / "one.csv"
    table.write_text("text,kind\nh,cats\n", "utf-8")

    with pytest.raises(NothingToLearn):
        trained(table, tmp_path / "new", {"held_out": "0.9"}, recipe="gpt2", label_columns=("kind",))

    assert not (tmp_path / "new").exists()


def test_labels(base: TrainedModel, tmp_path: Path) -> None:
    """Labels of documents become tokens that a text can be asked for with, from nothing and beside a base."""
    table = tmp_path / "titles.csv"
    with table.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "kind"])
        rows.writerows([title, "cats" if "cat" in title else "others"] for title in TITLES)

    new = trained(table, tmp_path / "new", recipe="gpt2", label_columns=("kind",))
    tuned = trained(table, tmp_path / "tuned", base=base.directory, label_columns=("kind",))

    for model in (new, tuned):
        info = read_info(model.directory, "model")
        assert set(info.labels) == {"cats", "others"}
        assert "<label:cats>" in load_model(model.directory, info, device="cpu").vocabulary.names
        assert AutoTokenizer.from_pretrained(model.directory).convert_tokens_to_ids("<label:cats>") >= 300
    with pytest.raises(InvalidValue, match="an adapter"):
        trained(table, tmp_path / "lora", base=base.directory, lora=True, label_columns=("kind",))


@pytest.mark.parametrize("text", ["only one line of text, which is cut", "two\nlines", "h", "a" * 5000])
def test_few_documents(base: TrainedModel, tmp_path: Path, text: str) -> None:
    """A corpus of one document, smaller than a batch, or of one letter can be learnt."""
    path = tmp_path / "few.txt"
    path.write_text(text, "utf-8")

    model = trained(path, tmp_path / "few", {"epochs": "1"}, base=base.directory)

    assert model.metrics["steps"] >= 1


@pytest.mark.parametrize(
    ("others", "options", "error", "words"),
    [
        ({"recipe": "gpt2"}, {"width": "33"}, InvalidValue, "multiple of heads"),
        ({"recipe": "gpt2-lora"}, {}, InvalidValue, "with a base"),
        ({"recipe": "gpt2", "lora": True}, {}, UserError, "lora needs a base"),
        ({"base": "base", "lora": True}, {"targets": "q_proj"}, InvalidValue, "c_attn"),
        ({"base": "base", "lora": True}, {"dtype": "float16"}, InvalidValue, "float32 for an adapter"),
        ({"base": "base"}, {"layers": "3"}, InvalidValue, "which decides it"),
        ({"base": "bert"}, {}, Unsupported, "its kind is bert"),
        ({"base": "bert", "lora": True}, {}, Unsupported, "its kind is bert"),
        ({"base": "bert", "recipe": "gpt2-tune"}, {}, UnusableModel, "not a gpt2"),
        ({"base": "torn"}, {}, UnusableModel, "damaged"),
        ({"base": "pickle"}, {}, UnusableModel, "a pickle under another name"),
        ({"base": "pickle", "lora": True}, {}, UnusableModel, "a pickle under another name"),
        ({"base": "coded"}, {}, UnusableModel, "code from elsewhere is never run"),
        ({"base": "small"}, {}, UnusableModel, "token"),
        ({"base": "orphan"}, {}, UnusableModel, "not here"),
        ({"base": "stranger"}, {}, UnusableModel, "adapter"),
    ],
)
def test_refused(
    source: Path,
    base: TrainedModel,
    adapter: TrainedModel,
    tmp_path: Path,
    others: dict[str, Any],
    options: dict[str, str],
    error: type[UserError],
    words: str,
) -> None:
    """What cannot be trained is refused in one sentence, and nothing is left behind."""
    if name := others.get("base"):
        others = {**others, "base": broken(tmp_path / "bases" / name, base.directory, adapter.directory)}

    with pytest.raises(error, match=words) as refusal:
        trained(source, tmp_path / "models" / "cats", options, **others)

    assert str(refusal.value).endswith(".")
    assert not (tmp_path / "models").exists()


def broken(directory: Path, base: Path, adapter: Path) -> Path:
    """A base with the fault that its name says; `base` itself has none."""
    adapts = directory.name in ("orphan", "stranger")
    shutil.copytree(adapter if adapts else base, directory)
    changes: dict[str, Any] = {}
    match directory.name:
        case "bert":
            changes = {"model_type": "bert"}
        case "torn":
            (directory / "model.safetensors").write_bytes(b"x" * 100)
        case "pickle":
            torch.save({}, directory / "model.safetensors")
        case "coded":
            changes = {"auto_map": {"AutoModelForCausalLM": "modeling.Model"}}
        case "small":
            changes = {"vocab_size": 100}
        case "orphan" | "stranger":
            lineage = json.loads((directory / "planchette.json").read_text("utf-8"))
            other = {"version": "0"} if directory.name == "orphan" else {"sha256": "0" * 64}
            lineage["base"] |= other
            (directory / "planchette.json").write_text(json.dumps(lineage), "utf-8")
            if directory.name == "orphan":
                config = json.loads((directory / "adapter_config.json").read_text("utf-8"))
                config["base_model_name_or_path"] = "cats@0"
                (directory / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    config = json.loads((directory / "config.json").read_text("utf-8"))
    (directory / "config.json").write_text(json.dumps({**config, **changes}), "utf-8")
    return directory


def test_too_little_memory() -> None:
    """A training whose weights, gradients and moments alone exceed what is free is refused; an adapter needs less."""
    gigabyte = 10**9

    with pytest.raises(TooLittleMemory, match=r"at least 24\.9 GB of memory and 8\.0 GB are free"):
        check_memory(1_557_611_200, 1_557_611_200, free=8 * gigabyte)
    check_memory(1_557_611_200, 1_000_000, free=8 * gigabyte)

    assert (free_memory() or gigabyte) > 0


def test_told_before_reading(base: TrainedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that has too little memory left is told before any text is read, and nothing is left behind."""
    for name, text in (("memory.max", "200000"), ("memory.current", "199000"), ("memory.stat", "inactive_file 500")):
        (tmp_path / name).write_text(text, "ascii")
    monkeypatch.setattr("generators.training.memory.GROUP", tmp_path)
    unread = tmp_path / "unread.txt"
    unread.write_bytes(b"\x00")  # reading it would be refused

    assert free_memory() == 1500
    for others in ({"recipe": "gpt2"}, {"base": base.directory}, {"base": base.directory, "lora": True}):
        with pytest.raises(TooLittleMemory, match=r"0\.0 GB are free"):
            trained(unread, tmp_path / "models" / "cats", **others)
    assert not (tmp_path / "models").exists()


def test_adapter_is_small() -> None:
    """An adapter of a 124M GPT-2 with the recipe's sizes takes a few megabytes."""
    recipe = recipe_named("gpt2-lora")
    assert isinstance(recipe, GPT2LoRARecipe)
    gpt2 = Shape(vocab_size=50_257, context=1024, width=768, layers=12, heads=12, inner=3072)

    assert 1e6 < 4 * adapter_size(recipe, gpt2.tensors()) < 4e6
