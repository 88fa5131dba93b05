"""A directory's tokenizer: from tokenizer.json, or from the two files that GPT-2 came with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FILE: Final = "tokenizer.json"
PARTS: Final = ("vocab.json", "merges.txt", "added_tokens.json")  # what it was kept in before
STOCK: Final = ("gpt2", "gpt_neo", "gptj")  # kinds whose parts are GPT-2's own; others split text in other ways
METASPACE: Final = "▁"  # SentencePiece's stand-in for a space


def read_tokenizer(directory: Path) -> Tokenizer:
    """A directory's tokenizer, which adds nothing of its own to a text.

    Many put a space before a text, so that its first word is like any other; here texts go on from others, and
    the bytes of their tokens have to be theirs, so nothing is put there.

    Raises:
        ValueError: it would lose characters, or its token ids do not run from 0 without a gap.
        Exception: anything that `tokenizers` raises for damage, and OSError.
    """
    from tokenizers import Tokenizer

    if not (directory / FILE).is_file() and (directory / "merges.txt").is_file():
        return stock_tokenizer(directory)
    written = json.loads((directory / FILE).read_text("utf-8"))
    if written["model"].get("type") == "WordPiece":
        raise ValueError("it is a WordPiece, which loses the spaces between words")
    _check_ids(written)
    for part in ("normalizer", "pre_tokenizer"):
        written[part] = _without_prefix(written.get(part))
    return Tokenizer.from_str(json.dumps(written))


def stock_tokenizer(directory: Path) -> Tokenizer:
    """The byte-level BPE in vocab.json and merges.txt, with the special tokens that config.json names.

    Raises:
        OSError, ValueError, KeyError: a file is missing or damaged, or the model's kind splits text in another way.
        Exception: whatever else `tokenizers` raises for damage.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    vocab = json.loads((directory / "vocab.json").read_text("utf-8"))
    config = json.loads((directory / "config.json").read_text("utf-8"))
    if config.get("model_type") not in STOCK:
        raise ValueError("tokenizer.json is missing, and vocab.json and merges.txt do not say how texts are split")
    names = {token: name for name, token in vocab.items()}
    tokenizer = Tokenizer(models.BPE.from_file(str(directory / "vocab.json"), str(directory / "merges.txt")))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    ends = [config.get("bos_token_id"), config.get("eos_token_id"), vocab.get("<|endoftext|>")]
    special = dict.fromkeys(names[token] for token in ends if token in names)
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in special])
    added = directory / "added_tokens.json"
    if added.is_file():
        more = json.loads(added.read_text("utf-8"))
        for name in sorted(set(more) - set(vocab), key=more.__getitem__):
            tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False)])
            if tokenizer.token_to_id(name) != more[name]:
                raise ValueError("added_tokens.json leaves a gap between token ids")
    _check_ids(json.loads(tokenizer.to_str()))
    return tokenizer


def _check_ids(written: Any) -> None:
    """Makes sure that ids leave no gap: one of a thousand million would cost its place in every table.

    Raises:
        ValueError: they do.
    """
    vocab = written["model"]["vocab"]
    own = vocab.values() if isinstance(vocab, dict) else range(len(vocab))  # a Unigram's is a list
    ids = {*own, *(added["id"] for added in written.get("added_tokens") or ())}
    if ids != set(range(len(ids))):
        raise ValueError("its token ids do not run from 0 without a gap")


def _without_prefix(part: Any) -> Any:
    """A normalizer or pre-tokenizer that puts nothing before a text."""
    if not isinstance(part, dict):
        return part
    for steps in ("normalizers", "pretokenizers"):
        if steps in part:
            kept = [_without_prefix(step) for step in part[steps]]
            return part | {steps: [step for step in kept if step is not None]}
    match part.get("type"):
        case "Prepend":
            return None
        case "Metaspace":
            return part | {"prepend_scheme": "never"}
        case "ByteLevel":
            return part | {"add_prefix_space": False}
        case _:
            return part
