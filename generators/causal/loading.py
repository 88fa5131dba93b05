"""The directory of a causal language model: what the model is, and the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from generators.completion import ModelInfo
from generators.directory import check_safetensors, info_of, is_adapter, read_config, weights_files
from generators.errors import MissingExtra, UnusableModel
from generators.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

    from generators.causal.writer import CausalLM

LENGTH: Final = 100  # tokens of a text by default: some 400 letters of English
# what the families of transformers call the number of positions, the most common first
POSITIONS: Final = ("max_position_embeddings", "n_positions", "max_seq_len", "n_ctx", "seq_length", "context_length")


def read_info(directory: Path, name: str, shipped: bool = False) -> ModelInfo:
    """What the model in a Hugging Face directory is, without reading its weights.

    Raises:
        UnusableModel: a file is missing or damaged, or config.json names code to run.
    """
    config = read_config(directory)
    labels = config.get("labels") or {}
    return info_of(
        directory,
        name,
        kind=str(config.get("model_type")),
        token="piece",
        context=_context(config),
        labels=tuple(labels) if isinstance(labels, dict) else (),
        length=LENGTH,
        shipped=shipped,
    )


def load(directory: Path, info: ModelInfo, *, device: str = "auto", threads: int | None = None) -> CausalLM:
    """The model in a directory, ready to write; only safetensors are read, and no code of the directory is run.

    Args:
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: of torch; None for half of the cores.

    Raises:
        MissingExtra: torch or transformers is not installed.
        UnusableModel: a file is missing or damaged, or weights, config and tokenizer do not fit each other.
        InvalidValue: there is no such device.
    """
    try:
        import torch
        import transformers

        from generators.causal.writer import CausalLM
    except ImportError as fault:
        raise MissingExtra(f"Writing with a model of the kind {info.kind}", "torch") from fault
    from generators.devices import device_of

    place = device_of(device)
    config = read_config(directory)
    if is_adapter(directory):
        raise UnusableModel(str(directory), "it is an adapter, and adapters are known for GPT-2 only")
    for file in weights_files(directory):
        check_safetensors(file)
    vocabulary = Vocabulary.load(directory)
    transformers.utils.logging.disable_progress_bar()
    try:
        model, facts = transformers.AutoModelForCausalLM.from_pretrained(
            directory,
            trust_remote_code=False,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            dtype=torch.float32 if place.type == "cpu" else "auto",
        )
        _check(model, facts)
        vocabulary.check_room(model.get_input_embeddings().num_embeddings)
        _check_direction(model.eval(), vocabulary.size)
    except Exception as fault:  # each family has its own ways to fail on a config or weights that do not fit
        reason = " ".join(str(fault).split())[:300] or type(fault).__name__
        raise UnusableModel(str(directory), f"transformers cannot load it ({reason})") from fault
    return CausalLM(info, vocabulary, model.to(place).eval(), _context(config), threads)


def _check(model: torch.nn.Module, facts: Mapping[str, Any]) -> None:
    """Refuses what transformers would have filled with random numbers, and numbers that are not finite.

    Raises:
        ValueError: a tensor is missing, or holds such numbers.
    """
    import torch

    for name in sorted(facts["missing_keys"]):
        raise ValueError(f"its weights have no tensor {name}")
    for name, tensor in model.named_parameters():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"tensor {name} holds numbers that are not finite")


def _check_direction(model: torch.nn.Module, tokens: int) -> None:
    """Refuses models that fill gaps, such as BERT, which transformers takes for writers whatever they were made for.

    Raises:
        ValueError: what it says after a token depends on tokens behind that.
    """
    import torch

    from generators.causal.writer import PROBE, near

    ids = torch.tensor([[token % tokens for token in range(1, PROBE + 1)]])
    with torch.inference_mode():
        begun, whole = model(input_ids=ids[:, :3]).logits[0, -1], model(input_ids=ids).logits[0, 2]
    if not near(begun, whole):
        raise ValueError("it looks at the tokens that follow, so it fills gaps and cannot write")


def _context(config: Mapping[str, Any]) -> int | None:
    for name in POSITIONS:
        value = config.get(name)
        if isinstance(value, int) and value > 1:
            return value
    return None
