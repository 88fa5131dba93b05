"""The char-RNN's tokenizer: a token a character, and bytes for characters that it has no token for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD: Final = "<pad>"
START: Final = "<s>"  # begins a text and ends it
PAD_ID: Final = 0
START_ID: Final = 1
FIRST_BYTE: Final = 2  # 256 tokens, <0x00> to <0xFF>
FIRST_CHARACTER: Final = FIRST_BYTE + 256


def tokenizer_of(characters: Iterable[str]) -> Tokenizer:
    """A tokenizer whose ids are padding, start, 256 bytes, then these characters in their order.

    BPE without merges, because it is the one model of `tokenizers` that falls back to bytes: no character is ever
    unknown, and so none is lost in a text or left out of its bits.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models

    names = [PAD, START, *(f"<0x{byte:02X}>" for byte in range(256)), *characters]
    tokenizer = Tokenizer(
        models.BPE(vocab={name: token for token, name in enumerate(names)}, merges=[], byte_fallback=True)
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken(PAD, special=True), AddedToken(START, special=True)])
    return tokenizer


def characters_of(counts: Counter[str], min_count: int) -> list[str]:
    """The characters that deserve a token of their own, the most frequent first.

    Args:
        counts: how often each character occurs.
        min_count: rarer ones are spelt as bytes: a row of weights cannot be learnt from a few examples.
    """
    return sorted((c for c, count in counts.items() if count >= min_count), key=lambda c: (-counts[c], c))


def known_characters(tokenizer: Tokenizer) -> list[str]:
    """The characters of a tokenizer made here, in the order of their ids."""
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    names = sorted(vocabulary, key=vocabulary.__getitem__)
    return names[FIRST_CHARACTER:]
