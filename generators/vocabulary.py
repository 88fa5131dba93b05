"""Token ids, their bytes, and the text between them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from generators.errors import UnusableModel
from generators.tokenizer_files import METASPACE, read_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

LABEL: Final = "<label:{}>"  # name of the special token that asks for a kind of text
BYTE_TOKEN: Final = re.compile(r"<0x([0-9A-F]{2})>")  # byte fallback's names, from SentencePiece


def _byte_level_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for bytes (openai/gpt-2, encoder.py: bytes_to_unicode), character to byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + rank): byte for rank, byte in enumerate(others)}


class Vocabulary:
    """A model's tokens: ids to bytes and names, text to ids; no character is lost either way.

    Args:
        tokenizer: of `tokenizers`: byte-level, or with byte fallback and spaces as they are or as «▁». One of
            neither kind can lose characters that it does not know.
        start: id of the token that begins a text.
        end: id of the token that ends one; may be the same.
    """

    def __init__(self, tokenizer: Tokenizer, start: int, end: int) -> None:
        tokenizer.encode_special_tokens = True  # a person's «<s>» is three characters, never the special token
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self.start = start
        self.end = end
        self.size = tokenizer.get_vocab_size(with_added_tokens=True)
        added = tokenizer.get_added_tokens_decoder()
        self.special = frozenset([token for token, each in added.items() if each.special] + [start, end])
        self._literal = frozenset(added)  # their names are the text itself, whatever the others' are written in
        self.names = tuple(tokenizer.id_to_token(token) or f"<{token}>" for token in range(self.size))
        self.bytes = tuple(self._bytes_of(token) for token in range(self.size))

    @classmethod
    def load(cls, directory: Path) -> Vocabulary:
        """The vocabulary of a Hugging Face directory.

        Raises:
            UnusableModel: the tokenizer or config.json is missing or damaged.
        """
        try:
            config = json.loads((directory / "config.json").read_text("utf-8"))
            tokenizer = read_tokenizer(directory)
            start, end = _ends(config, tokenizer.get_vocab_size(with_added_tokens=True))
            return cls(tokenizer, start, end)
        except Exception as fault:  # tokenizers raises bare Exception for any damage to its file
            raise UnusableModel(str(directory), f"its tokenizer or config cannot be read ({fault})") from fault

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, special tokens never among them."""
        parts = [text] if self._traps is None else self._traps.split(text)
        return [token for part in parts for token in self._tokenizer.encode(part, add_special_tokens=False).ids]

    @cached_property
    def _traps(self) -> re.Pattern[str] | None:
        """Where a text has to be cut: a Unigram finds special and byte tokens in it by their names, any other none."""
        from tokenizers import models

        if not isinstance(self._tokenizer.model, models.Unigram):
            return None
        names = [self.names[token] for token in self.special]
        rests = [re.escape(name[1:]) for name in names if len(name) > 1]
        firsts = {name[0] for name in names if len(name) > 1} | {"<"}
        return re.compile(f"(?<=[{re.escape(''.join(sorted(firsts)))}])(?={'|'.join([*rests, '0x[0-9A-F]{2}>'])})")

    def decode(self, token_ids: list[int] | tuple[int, ...]) -> str:
        """The text of token ids; bytes that are no character become «�», special tokens nothing."""
        return b"".join([self.bytes[token] for token in token_ids]).decode("utf-8", "replace")

    def check_room(self, rows: int) -> None:
        """Makes sure that a model's embedding has a row for each token; more rows, as padding, are harmless.

        Raises:
            ValueError: it has not.
        """
        if self.size > rows:
            raise ValueError(f"its tokenizer has {self.size:,} tokens and config.json has room for {rows:,}")

    @cached_property
    def is_byte_level(self) -> bool:
        """Whether token names are written in GPT-2's alphabet for bytes."""
        return '"ByteLevel"' in self._steps

    @cached_property
    def _steps(self) -> str:
        """What is done to a text before and after it becomes tokens, as JSON."""
        written = json.loads(self._tokenizer.to_str())
        return json.dumps([written["normalizer"], written["pre_tokenizer"], written["decoder"]], ensure_ascii=False)

    @cached_property
    def _alphabet(self) -> dict[str, int]:
        return _byte_level_alphabet()

    def _bytes_of(self, token: int) -> bytes:
        name = self.names[token]
        if token in self.special:
            return b""
        if token in self._literal:
            return name.encode()
        if self.is_byte_level:
            if not self._alphabet.keys() >= set(name):
                raise ValueError(f"its token {name!r} is not written in bytes, as all of a byte-level tokenizer's are")
            return bytes([self._alphabet[character] for character in name])
        if byte := BYTE_TOKEN.fullmatch(name):
            return bytes([int(byte[1], 16)])
        return name.replace(METASPACE, " ").encode() if METASPACE in self._steps else name.encode()


def _ends(config: Mapping[str, Any], size: int) -> tuple[int, int]:
    """The tokens that begin and end a text; a model that has only one of the two uses it for both.

    Raises:
        ValueError: config.json names neither, or one that is outside the vocabulary.
    """
    named = [config.get(name) for name in ("bos_token_id", "eos_token_id")]
    start, end = (int(token[0] if isinstance(token, list) else token) if token is not None else None for token in named)
    start, end = (end if start is None else start), (start if end is None else end)
    if start is None or end is None:
        raise ValueError("config.json has neither a bos_token_id nor an eos_token_id")
    if not (0 <= start < size and 0 <= end < size):
        raise ValueError("config.json has a bos_token_id or eos_token_id outside the vocabulary")
    return start, end
