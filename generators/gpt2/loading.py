"""A GPT-2's directory: what the model is, and the model itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from generators.completion import ModelInfo
from generators.directory import info_of, read_config
from generators.errors import InvalidValue, MissingExtra, UnusableModel
from generators.gpt2.configuration import Shape, positions
from generators.vocabulary import Vocabulary

if TYPE_CHECKING:
    from generators.gpt2.linear import Precision
    from generators.gpt2.writer import GPT2

LENGTH: Final = 100  # tokens of a text by default: some 400 letters of English


def read_info(directory: Path, name: str, shipped: bool = False) -> ModelInfo:
    """What the model in a Hugging Face directory is, without reading its weights.

    Raises:
        UnusableModel: a file is missing or damaged, or the defaults in generation_config.json are out of range.
    """
    config = _config(directory)
    labels = config.get("labels") or {}
    if not isinstance(labels, dict):
        raise UnusableModel(str(directory), "config.json's labels are no object of names and token ids")
    try:
        context = positions(config)
    except ValueError as fault:
        raise UnusableModel(str(directory), str(fault)) from fault
    return info_of(
        directory,
        name,
        kind="gpt2",
        token="piece",
        context=context,
        labels=tuple(labels),
        length=LENGTH,
        shipped=shipped,
    )


def load(
    directory: Path,
    info: ModelInfo,
    *,
    device: str = "auto",
    threads: int | None = None,
    precision: Precision | Literal["auto"] = "fp32",
) -> GPT2:
    """The model in a directory, ready to write; only safetensors are read, never a pickle.

    Args:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: of torch; None for half of the cores.
        precision: `fp32`, `bf16`, `int8`, or `auto` for the fastest here.

    Raises:
        MissingExtra: torch is not installed.
        UnusableModel: a file is missing or damaged, or weights, config and tokenizer do not fit each other.
        InvalidValue: there is no such device, or it lacks the number format.
    """
    try:
        from generators.devices import device_of
        from generators.gpt2.adapters import full_tensors
        from generators.gpt2.precision import chosen, lacking
        from generators.gpt2.recordings import GPURecorder
        from generators.gpt2.weights import checked
        from generators.gpt2.writer import GPT2
    except ImportError as fault:
        raise MissingExtra("Writing with a GPT-2", "torch") from fault

    place = device_of(device)
    try:
        shape = Shape.of(_config(directory))
        vocabulary = Vocabulary.load(directory)
        vocabulary.check_room(shape.vocab_size)
        tensors = checked(shape, full_tensors(directory, shape))
    except ValueError as fault:
        raise UnusableModel(str(directory), str(fault)) from fault
    wanted = chosen(shape, place, threads) if precision == "auto" else precision
    if lacking(wanted, place) is not None:
        raise InvalidValue("precision", wanted, "a number format that this machine has, such as fp32 or auto")
    recorder = GPURecorder(place) if place.type == "cuda" else None
    return GPT2(info, vocabulary, shape, tensors, place, threads, wanted, recorder)


def _config(directory: Path) -> dict[str, Any]:
    config = read_config(directory)
    if config.get("model_type") != "gpt2":
        raise UnusableModel(str(directory), f"it is a {config.get('model_type')}, not a gpt2")
    return config
