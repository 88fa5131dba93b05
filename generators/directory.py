"""What every kind of model reads of its Hugging Face directory before its weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from generators.completion import LONGEST, ModelInfo, Sampling
from generators.errors import InvalidValue, UnusableModel

WEIGHTS: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"  # of weights in several files
ADAPTER: Final = "adapter_model.safetensors"  # peft's names
ADAPTER_CONFIG: Final = "adapter_config.json"
CODE: Final = ("auto_map", "trust_remote_code")  # fields of config.json
PICKLE: Final = "a pickle under another name, and pickles are never opened"
OTHERS: Final = {  # how files begin that are no safetensors, and what they are
    b"\x80": PICKLE,
    b"PK\x03\x04": PICKLE,  # in torch's zip
    b"\x89HDF": "an HDF5 file under another name",
    b"version https://git-lfs": "only Git LFS's pointer to the file; `git lfs pull` fetches it",
}
BLOCK: Final = 1 << 16  # bytes
SAMPLED: Final = 64  # blocks of a file that `sampled_version` reads: 4 MiB, however large the file


def read_json(directory: Path, file: str, *, required: bool = True) -> dict[str, Any]:
    """The JSON object in a file; an empty one where a file is missing that is not required.

    Raises:
        UnusableModel: it is missing or damaged.
    """
    try:
        value = json.loads((directory / file).read_text("utf-8"))
    except FileNotFoundError:
        if not required:
            return {}
        raise UnusableModel(str(directory), f"{file} is missing") from None
    except (OSError, ValueError, RecursionError) as fault:
        raise UnusableModel(str(directory), f"{file} is damaged ({fault})") from fault
    if not isinstance(value, dict):
        raise UnusableModel(str(directory), f"{file} is damaged (no JSON object)")
    return value


def read_config(directory: Path) -> dict[str, Any]:
    """A directory's config.json.

    Raises:
        UnusableModel: it is missing or damaged, or names code to run.
    """
    config = read_json(directory, "config.json")
    attention = str(config.get("attn_implementation"))
    named = [field for field in CODE if config.get(field)]
    if named or "/" in attention:  # a kernel on the hub, which transformers would fetch and run
        field = (*named, "attn_implementation")[0]
        raise UnusableModel(
            str(directory), f"its config.json names code to run ({field}), and code from elsewhere is never run"
        )
    return config


def info_of(
    directory: Path,
    name: str,
    *,
    kind: str,
    token: str,
    context: int | None = None,
    labels: Sequence[str] = (),
    length: int = 300,
    shipped: bool = False,
    version: str | None = None,
) -> ModelInfo:
    """What a model is: the facts of its kind, and what planchette.json and generation_config.json say.

    Args:
        length: tokens of a text where generation_config.json says nothing.
        version: where planchette.json names none; None for a digest of a sample of the weights.

    Raises:
        UnusableModel: a file is missing or damaged, or the defaults in generation_config.json are out of range.
    """
    lineage = read_json(directory, "planchette.json", required=False)
    written = read_json(directory, "generation_config.json", required=False)
    generation = {field: value for field, value in written.items() if value is not None}  # transformers writes nulls
    try:
        return ModelInfo(
            name=name,
            version=str(lineage.get("version") or version or sampled_version(weights_files(directory))),
            kind=kind,
            token=token,
            context=context,
            labels=tuple(labels),
            sampling=sampling_of(generation),
            max_tokens=tokens_of(generation, "max_new_tokens", length, least=1),
            min_tokens=tokens_of(generation, "min_new_tokens", 0, least=0),
            description=str(lineage.get("description") or ""),
            shipped=shipped,
        )
    except (InvalidValue, TypeError, ValueError) as fault:
        raise UnusableModel(str(directory), f"its generation_config.json is wrong ({fault})") from fault


def sampling_of(generation: Mapping[str, Any]) -> Sampling:
    """How a model's own texts are drawn.

    Raises:
        InvalidValue, TypeError, ValueError: a value is no number, or out of its range.
    """
    return Sampling(
        temperature=(float(generation.get("temperature", 1.0)),),
        top_k=int(generation.get("top_k", 0)),
        top_p=float(generation.get("top_p", 1.0)),
        repetition_penalty=float(generation.get("repetition_penalty", 1.0)),
    )


def tokens_of(generation: Mapping[str, Any], name: str, default: int, *, least: int) -> int:
    """A number of tokens that generation_config.json may name.

    Raises:
        InvalidValue: it is no whole number in the range.
    """
    value = generation.get(name, default)
    if not isinstance(value, int) or not least <= value <= LONGEST:
        raise InvalidValue(name, value, f"a whole number from {least} to {LONGEST:,}")
    return value


def is_adapter(directory: Path) -> bool:
    """Whether it holds an adapter for another model instead of a model of its own."""
    return (directory / ADAPTER_CONFIG).is_file()


def weights_files(directory: Path) -> list[Path]:
    """The safetensors of a directory, one file or as many as its index names; an adapter's are its own.

    Raises:
        UnusableModel: there are none, or the index is damaged or names a file elsewhere.
    """
    if is_adapter(directory):
        files = [directory / ADAPTER]
    elif (directory / INDEX).is_file() and not (directory / WEIGHTS).is_file():
        named = read_json(directory, INDEX).get("weight_map")
        if not isinstance(named, dict) or not all(
            isinstance(file, str) and file == Path(file).name and file.endswith(".safetensors")
            for file in named.values()
        ):
            raise UnusableModel(str(directory), f"{INDEX} is damaged (it names no safetensors files)")
        files = [directory / file for file in sorted(set(named.values()))]
    else:
        files = [directory / WEIGHTS]
    for file in files:
        if not file.is_file():
            raise UnusableModel(str(directory), f"{file.name} is missing")
    return files


def check_safetensors(file: Path) -> None:
    """Refuses what came under the name of safetensors and is something else: opening a pickle could run code.

    Raises:
        UnusableModel: it is of another kind, missing, or cannot be read.
    """
    try:
        with file.open("rb") as opened:
            start = opened.read(24)
    except FileNotFoundError:
        raise UnusableModel(str(file.parent), f"{file.name} is missing") from None
    except OSError as fault:
        raise UnusableModel(str(file.parent), f"{file.name} cannot be read ({fault})") from fault
    if start[8:9] == b"{":  # the first eight bytes are the header's length, and 640 begins as a pickle does
        return
    for magic, what in OTHERS.items():
        if start.startswith(magic):
            raise UnusableModel(str(file.parent), f"{file.name} is {what}")


def sampled_version(files: Sequence[Path]) -> str:
    """Names weights where nobody else has: a digest of the files' sizes and of blocks spread evenly over each.

    A digest of all of GPT-2's 500 MB would cost half a second wherever models are listed. The blocks hold the
    first and the last bytes, and so the safetensors header; training changes all weights, so any sample tells.

    Raises:
        UnusableModel: a file cannot be read.
    """
    digest = sha256()
    for file in files:
        try:
            facts = file.stat()
            digest.update(_sample(file, facts.st_mtime_ns, facts.st_size))
        except OSError as fault:
            raise UnusableModel(str(file.parent), f"{file.name} cannot be read ({fault})") from fault
    return digest.hexdigest()[:12]


@lru_cache(maxsize=256)
def _sample(file: Path, _changed: int, size: int) -> bytes:
    """The time of the last change is part of what is remembered, not of the digest."""
    digest = sha256(str(size).encode())
    with file.open("rb") as opened:
        if size <= BLOCK * SAMPLED:
            digest.update(opened.read())
        else:
            for block in range(SAMPLED):
                opened.seek(block * (size - BLOCK) // (SAMPLED - 1))
                digest.update(opened.read(BLOCK))
    return digest.digest()


def full_digest(file: Path) -> str:
    """SHA-256 of a whole file in hexadecimal, computed once for as long as the file does not change."""
    facts = file.stat()
    return _digest(file, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=64)
def _digest(file: Path, _changed: int, _size: int) -> str:
    digest = sha256()
    with file.open("rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
