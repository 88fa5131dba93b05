"""Token ids, their bytes, and the text between them."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from generators.errors import UnusableModel

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BYTE_TOKEN: Final = re.compile(r"<0x([0-9A-F]{2})>")  # byte fallback's names, from SentencePiece


def _byte_level_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for bytes (openai/gpt-2, encoder.py: bytes_to_unicode), character to byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + rank): byte for rank, byte in enumerate(others)}


def _check_ids(written: Any) -> None:
    """Makes sure that ids leave no gap: one of a thousand million would cost its place in every table.

    Raises:
        ValueError: they do.
    """
    ids = {*written["model"]["vocab"].values(), *(added["id"] for added in written["added_tokens"])}
    if ids != set(range(len(ids))):
        raise ValueError("its token ids do not run from 0 without a gap")


class Vocabulary:
    """A model's tokens: ids to bytes and names, text to ids; no character is lost either way.

    Args:
        tokenizer: a `tokenizers` BPE, either with byte fallback or byte-level.
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
        self.special = frozenset(
            token for token, added in tokenizer.get_added_tokens_decoder().items() if added.special
        )
        self.names = tuple(tokenizer.id_to_token(token) or f"<{token}>" for token in range(self.size))
        self.bytes = tuple(self._bytes_of(token) for token in range(self.size))

    @classmethod
    def load(cls, directory: Path) -> Vocabulary:
        """The vocabulary of a Hugging Face directory.

        Raises:
            UnusableModel: tokenizer.json or config.json is missing or damaged.
        """
        from tokenizers import Tokenizer

        try:
            config = json.loads((directory / "config.json").read_text("utf-8"))
            written = (directory / "tokenizer.json").read_text("utf-8")
            _check_ids(json.loads(written))
            tokenizer = Tokenizer.from_str(written)
            start, end = int(config["bos_token_id"]), int(config["eos_token_id"])
        except Exception as fault:  # tokenizers raises bare Exception for any damage to its file
            raise UnusableModel(str(directory), f"its tokenizer or config cannot be read ({fault})") from fault
        return cls(tokenizer, start, end)

    def encode(self, text: str) -> list[int]:
        """Token ids of a text, special tokens never among them."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, token_ids: list[int] | tuple[int, ...]) -> str:
        """The text of token ids; bytes that are no character become «�», special tokens nothing."""
        return b"".join([self.bytes[token] for token in token_ids]).decode("utf-8", "replace")

    @cached_property
    def is_byte_level(self) -> bool:
        """Whether token names are written in GPT-2's alphabet for bytes."""
        return '"ByteLevel"' in self._tokenizer.to_str()

    @cached_property
    def _alphabet(self) -> dict[str, int]:
        return _byte_level_alphabet()

    def _bytes_of(self, token: int) -> bytes:
        name = self.names[token]
        if token in self.special:
            return b""
        if self.is_byte_level:
            return bytes(self._alphabet[character] for character in name)
        if byte := BYTE_TOKEN.fullmatch(name):
            return bytes([int(byte[1], 16)])
        return name.encode()
