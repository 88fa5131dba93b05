"""Models of textgenrnn become Hugging Face directories: the same numbers, ids and window."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from generators.charrnn.keras_weights import KerasWeights, read_weights
from generators.charrnn.textgenrnn_card import card
from generators.charrnn.textgenrnn_tokenizer import META, PAD, character_tokenizer, word_tokenizer
from generators.charrnn.windowed import LONGEST_WINDOW
from generators.directory import full_digest
from generators.importing.errors import CannotImport
from generators.training.publishing import CARD, LINEAGE, write_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WINDOW: Final = 40  # max_length where nothing says another; textgenrnn.py
LARGEST_JSON: Final = 64 * 1024 * 1024  # bytes of a vocabulary or a configuration
TEMPERATURE: Final = 0.5  # textgenrnn_generate's
LENGTH: Final = 300  # max_gen_length


@dataclass(frozen=True, slots=True)
class Original:
    """A textgenrnn model as its three files describe it, checked to fit together.

    Attributes:
        files: those that were read.
        weights: tensors and their sizes.
        vocabulary: ids from 1 on; 0 is padding.
        window: max_length.
        words: whether a token is a word.
        single: whether it was trained on one text, so that a text begins from padding alone.
    """

    files: tuple[Path, ...]
    weights: KerasWeights
    vocabulary: dict[str, int]
    window: int
    words: bool
    single: bool

    @property
    def start(self) -> int:
        """The token that begins a text; padding where the original begins with nothing."""
        return 0 if self.single else self.vocabulary.get(META, 0)

    @property
    def end(self) -> int:
        """The token that ends a text; padding, which is never written, where it has none."""
        return self.vocabulary.get(META, 0)


def import_textgenrnn(weights: Path, vocab: Path | None, config: Path | None, directory: Path, name: str) -> None:
    """Writes a textgenrnn model as a Hugging Face directory; nothing is written before everything fits.

    Args:
        weights: HDF5, from textgenrnn's `save` or its training.
        vocab: JSON; without it NAME_vocab.json or textgenrnn_vocab.json beside the weights.
        config: JSON; without it NAME_config.json beside the weights, otherwise what the weights show.
        directory: to write into; made where it is missing. Where writing stops halfway, what is there stays: name one
            that is published when it is complete, as `generators.importing` does.
        name: of the model.

    Raises:
        CannotImport: a file is missing, damaged, or does not fit the others.
    """
    original = read_original(weights, vocab, config)
    tokenizer = (word_tokenizer if original.words else character_tokenizer)(original.vocabulary)
    if tokenizer.get_vocab_size(with_added_tokens=True) != original.weights.outputs:
        raise CannotImport(str(original.files[1]), "two of its tokens would have the same name")
    directory.mkdir(parents=True, exist_ok=True)
    _write(original, tokenizer, directory, name)


def read_original(weights: Path, vocab: Path | None, config: Path | None) -> Original:
    """Reads and checks the files of a textgenrnn model; see `import_textgenrnn`.

    Raises:
        CannotImport: a file is missing, damaged, or does not fit the others.
    """
    read = read_weights(weights)
    vocab = vocab or _beside(weights, "vocab", "textgenrnn_vocab.json")
    if vocab is None:
        raise CannotImport(
            str(weights),
            "no vocabulary lies beside it; name one with --vocab, for textgenrnn's own weights textgenrnn_vocab.json",
        )
    config = config or _beside(weights, "config")
    settings = {} if config is None else _json(config)
    vocabulary = _vocabulary(vocab)
    if len(vocabulary) + 1 != read.outputs:
        raise CannotImport(
            str(vocab), f"it has {len(vocabulary):,} tokens and {weights.name} has {read.outputs - 1:,}, so they differ"
        )
    if config is not None:
        _check(config, settings, read)
    shown = any(len(token) > 1 for token in vocabulary if token != META)
    single = bool(settings.get("single_text", False)) or META not in vocabulary
    window = settings.get("max_length", WINDOW)
    files = (weights, vocab) if config is None else (weights, vocab, config)
    return Original(files, read, vocabulary, window, bool(settings.get("word_level", shown)), single)


def _beside(weights: Path, kind: str, *others: str) -> Path | None:
    """The file of a kind that textgenrnn wrote beside weights."""
    stem = weights.stem
    names = [f"{each}_{kind}.json" for each in (stem, stem.partition("_weights")[0])]
    found = [path for path in (weights.with_name(name) for name in (*names, *others)) if path.is_file()]
    return found[0] if found else None


def _json(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        CannotImport: it is missing, too large, or holds something else.
    """
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise CannotImport(str(path), f"it is larger than {LARGEST_JSON >> 20} MB")
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise CannotImport(str(path), "there is no such file") from None
    except (OSError, ValueError, RecursionError) as fault:
        raise CannotImport(str(path), "it is no JSON") from fault
    if not isinstance(value, dict):
        raise CannotImport(str(path), "it holds no JSON object")
    return value


def _vocabulary(path: Path) -> dict[str, int]:
    """Ids of tokens, which run from 1.

    Raises:
        CannotImport: they do not.
    """
    vocabulary = _json(path)
    ids = [token for token in vocabulary.values() if isinstance(token, int) and not isinstance(token, bool)]
    if len(ids) < len(vocabulary) or not ids:
        raise CannotImport(str(path), "it is no vocabulary, which gives each character or word a number")
    if sorted(ids) != list(range(1, len(ids) + 1)):
        raise CannotImport(str(path), f"its numbers do not run from 1 to {len(ids):,} without a gap")
    if any("\ud800" <= character <= "\udfff" for token in vocabulary for character in token):
        raise CannotImport(str(path), "it has half a character (a lone surrogate), which cannot be written")
    if "" in vocabulary or PAD in vocabulary:
        raise CannotImport(str(path), f"it has the token «{PAD if PAD in vocabulary else ''}», which cannot be written")
    return vocabulary


def _check(path: Path, settings: Mapping[str, Any], weights: KerasWeights) -> None:
    """Makes sure that a configuration describes these weights.

    Raises:
        CannotImport: it does not; the reason names the field.
    """
    shown = {
        "rnn_layers": weights.layers,
        "rnn_size": weights.units,
        "dim_embeddings": weights.embedding_size,
        "rnn_bidirectional": weights.bidirectional,
    }
    for field, value in shown.items():
        if field in settings and settings[field] != value:
            raise CannotImport(
                str(path), f"it says {field} {json.dumps(settings[field])} and the weights have {json.dumps(value)}"
            )
    for field in ("word_level", "single_text"):
        if not isinstance(settings.get(field, False), bool):
            raise CannotImport(str(path), f"its {field} has to be true or false")
    window = settings.get("max_length", WINDOW)
    if not isinstance(window, int) or isinstance(window, bool) or not 1 <= window <= LONGEST_WINDOW:
        raise CannotImport(str(path), f"its max_length has to be a whole number from 1 to {LONGEST_WINDOW:,}")


def _write(original: Original, tokenizer: Tokenizer, directory: Path, name: str) -> None:
    from safetensors.numpy import save_file

    weights = original.weights
    ids = {"bos_token_id": original.start, "eos_token_id": original.end, "pad_token_id": 0}
    write_json(directory / "config.json", _config(original) | ids)
    generation: dict[str, Any] = {**ids, "do_sample": True, "temperature": TEMPERATURE, "max_new_tokens": LENGTH}
    if not original.end:  # padding stands in for an end that it never had
        generation["min_new_tokens"] = LENGTH
    write_json(directory / "generation_config.json", generation)
    save_file(weights.tensors, directory / "model.safetensors", {"format": "pt"})
    tokenizer.save(str(directory / "tokenizer.json"))
    write_json(
        directory / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": META if original.start else PAD,
            "eos_token": META if original.end else PAD,
            "pad_token": PAD,
            "unk_token": PAD,
            "clean_up_tokenization_spaces": False,
        },
    )
    lineage = _lineage(original, name)
    write_json(directory / LINEAGE, lineage)
    (directory / CARD).write_text(card(original, lineage), "utf-8")


def _config(original: Original) -> dict[str, Any]:
    weights = original.weights
    return {
        "model_type": "charrnn",
        "architectures": ["CharRNNForCausalLM"],
        "vocab_size": weights.outputs,
        "embedding_size": weights.embedding_size,
        "hidden_sizes": [weights.units] * weights.layers,
        "cell": "lstm",
        "attention": "window",
        "window": original.window,
        "bidirectional": weights.bidirectional,
        "adaptive_cutoffs": [],
        "labels": {},
        "token": "word" if original.words else "character",
        "dropout": 0.0,
        "tie_word_embeddings": False,
    }


def _lineage(original: Original, name: str) -> dict[str, Any]:
    weights = original.weights
    ways = "bidirectional " if weights.bidirectional else ""
    options = zip(("--weights", "--vocab", "--config"), original.files, strict=False)
    command = [word for option, path in options for word in (option, path.name)]
    return {
        "name": name,
        "kind": "charrnn",
        "description": f"textgenrnn's {original.files[0].name}: {ways}LSTM, {weights.layers} × {weights.units}",
        "command": shlex.join(["planchette", "models", "import", "textgenrnn", *command, "--name", name]),
        "metrics": {"parameters": sum(tensor.size for tensor in weights.tensors.values())},
        "sources": None,  # nobody wrote down what textgenrnn was trained on
        "base": None,
        "files": [
            {"file": path.name, "bytes": path.stat().st_size, "sha256": full_digest(path)} for path in original.files
        ],
    }
