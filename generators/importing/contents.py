"""What a model's directory may bring in, and whether it is whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from generators.directory import ADAPTER, ADAPTER_CONFIG, INDEX, WEIGHTS, read_config, read_json, weights_files
from generators.errors import UnusableModel
from generators.guard import FILE as GUARD
from generators.tensors import tensors_of
from generators.tokenizer_files import PARTS, STOCK, stock_tokenizer
from generators.training.publishing import CURVE, write_json

# Never a pickle (pytorch_model.bin, optimizer.pt, training_args.bin), and never code.
FILES: Final = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    *PARTS,
    "planchette.json",
    "README.md",
    CURVE,
    "LICENSE",
    ADAPTER_CONFIG,
    WEIGHTS,
    INDEX,
    ADAPTER,
    GUARD,
)
SHARD: Final = re.compile(r"[\w.-]+-\d{5}-of-\d{5}\.safetensors")  # transformers' names for parts
UNREAD: Final = re.compile(
    r".*\.(bin|h5|hdf5|ckpt|ckpt\.index|pt|pth|msgpack|gguf|onnx|pkl)"
)  # other formats of weights


def is_model_file(name: str) -> bool:
    """Whether a file of this name belongs to a model."""
    return name in FILES or SHARD.fullmatch(name) is not None


def without_safetensors(files: Iterable[str]) -> str:
    """Why a directory with these files cannot be read, and what to do."""
    unread = sorted(file for file in files if UNREAD.fullmatch(file))
    if not unread:
        return f"it holds no {WEIGHTS}"
    return (
        f"its weights are in {unread[0]} and only safetensors are read; transformers converts them with "
        "AutoModelForCausalLM.from_pretrained(OLD).save_pretrained(NEW)"
    )


def take_model(source: Path, target: Path, take: Callable[[Path, Path], object]) -> None:
    """Brings a whole model's files into a directory, and writes tokenizer.json where only its older parts are.

    Raises:
        UnusableModel: files are missing, damaged, or of a kind that is not read.
    """
    if not (source / "config.json").is_file():
        raise UnusableModel(str(source), "it holds no config.json, so it is no Hugging Face directory")
    config = read_config(source)
    if not any((source / name).is_file() for name in (WEIGHTS, INDEX)):
        raise UnusableModel(str(source), without_safetensors(path.name for path in source.iterdir()))
    weights = weights_files(source)
    tensors_of(weights)
    index = [] if weights == [source / WEIGHTS] else [source / INDEX]
    others = [source / name for name in FILES if name not in (WEIGHTS, INDEX, ADAPTER, ADAPTER_CONFIG)]
    for file in (*others, *index, *weights):
        if file.is_file():
            take(file, target / file.name)
    complete_tokenizer(target, config)


def complete_tokenizer(directory: Path, config: dict[str, Any]) -> None:
    """Makes tokenizer.json of GPT-2's vocab.json and merges.txt where it is missing.

    Raises:
        UnusableModel: these are missing or damaged too, or of a kind that splits text in another way.
    """
    if (directory / "tokenizer.json").is_file():
        return
    if config.get("model_type") not in STOCK or not (directory / "merges.txt").is_file():
        reason = "it holds no tokenizer.json; AutoTokenizer.from_pretrained(OLD).save_pretrained(NEW) writes one"
        raise UnusableModel(str(directory), reason)
    try:
        stock_tokenizer(directory).save(str(directory / "tokenizer.json"))
    except Exception as fault:  # tokenizers raises bare Exception for any damage to its files
        raise UnusableModel(str(directory), f"vocab.json or merges.txt is damaged ({fault})") from fault


def complete_lineage(directory: Path, name: str, version: str, facts: dict[str, Any]) -> None:
    """Writes into planchette.json what it does not say already, so that nobody has to digest the weights again.

    Raises:
        UnusableModel: the file that came along is damaged.
    """
    lineage = read_json(directory, "planchette.json", required=False)
    write_json(directory / "planchette.json", {"version": version, "name": name, **facts, **lineage})
