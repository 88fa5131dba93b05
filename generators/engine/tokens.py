"""What the engine looks up of a token at every step, made once for a vocabulary."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from generators.completion import Alternative
from generators.memorisation import WORD
from generators.sampling import Floats, log_softmax, ranked
from generators.vocabulary import BYTE_TOKEN, Vocabulary


class WordTokens(NamedTuple):
    """What tokens are to words, as `generators.memorisation` sees these.

    Attributes:
        inside: of each token, whether it only makes a word longer, as far as one can see.
        parting: of each token, whether it is whole characters without any letter or digit.
        wordless: bool [vocabulary], tokens without any letter or digit.
    """

    inside: tuple[bool, ...]
    parting: tuple[bool, ...]
    wordless: NDArray[np.bool_]

    @classmethod
    def of(cls, table: TokenTable) -> WordTokens:
        """Those of a table's vocabulary."""
        tokens = list(zip(table.shown, table.bytes, strict=True))
        inside = [bool(data) and (text is None or WORD.fullmatch(text) is not None) for text, data in tokens]
        wordless = [not data or (text is not None and WORD.search(text) is None) for text, data in tokens]
        parting = [bare and text is not None for bare, text in zip(wordless, table.shown, strict=True)]
        return cls(tuple(inside), tuple(parting), np.array(wordless))


class TokenTable:
    """A vocabulary by token id.

    Attributes:
        end: the token that ends a text.
        bytes: what a token stands for; nothing for special tokens.
        alone: the token as a tuple of one, which is shared by all who write it.
        shown: its text where it is whole characters, else None; None for special tokens.
        names: as lists of alternatives show it: special tokens and lone bytes by their names.
        never: special tokens that are never written.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.end = vocabulary.end
        self.bytes = vocabulary.bytes
        self.alone = tuple((token,) for token in range(vocabulary.size))
        self.shown = tuple(_whole(data) for data in vocabulary.bytes)
        self.names = tuple(_name(vocabulary, token, self.shown[token]) for token in range(vocabulary.size))
        never = [token for token, data in enumerate(vocabulary.bytes) if not data and token != vocabulary.end]
        self.never = np.array(never, np.int64)

    @cached_property
    def words(self) -> WordTokens:
        """How tokens make words; only guards need it."""
        return WordTokens.of(self)

    def joined(self, tokens: tuple[int, ...] | list[int]) -> bytes:
        """The bytes of tokens in sequence."""
        return b"".join([self.bytes[token] for token in tokens])

    def alternatives(self, logits: Floats, n: int | None) -> tuple[Alternative, ...]:
        """The n likeliest tokens after one text, None for all."""
        tokens, logprobs = ranked(log_softmax(logits), n)
        return tuple(
            [
                Alternative(self.alone[token], self.names[token], logprob, token == self.end)
                for token, logprob in zip(tokens, logprobs, strict=True)
            ]
        )


def _whole(data: bytes) -> str | None:
    try:
        return data.decode() or None
    except UnicodeDecodeError:
        return None


def _name(vocabulary: Vocabulary, token: int, shown: str | None) -> str:
    name = vocabulary.names[token]
    if token in vocabulary.special or BYTE_TOKEN.fullmatch(name):
        return name
    if shown is not None:
        return shown
    return "".join(f"<0x{byte:02X}>" for byte in vocabulary.bytes[token]) or name
