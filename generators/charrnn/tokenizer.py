"""The recurrent models' tokenizers: a token a character or a word, and bytes for what has no token of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final

from generators.vocabulary import LABEL

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.pre_tokenizers import ByteLevel

PAD: Final = "<pad>"
START: Final = "<s>"  # begins a text and ends it
PAD_ID: Final = 0
START_ID: Final = 1
FIRST_BYTE: Final = 2  # 256 tokens, <0x00> to <0xFF>, or a byte-level tokenizer's letters for them
FIRST_CHARACTER: Final = FIRST_BYTE + 256


def tokenizer_of(characters: Iterable[str], labels: Iterable[str] = ()) -> Tokenizer:
    """A tokenizer whose ids are padding, start, 256 bytes, then these characters in their order.

    BPE without merges, because it is the one model of `tokenizers` that falls back to bytes: no character is ever
    unknown, and so none is lost in a text or left out of its bits.

    Args:
        characters: in the order of their ids; label tokens may stand among them.
        labels: label tokens, made special; those that are not among the characters follow them.
    """
    from tokenizers import Tokenizer, decoders, models

    names = [PAD, START, *(f"<0x{byte:02X}>" for byte in range(256)), *characters]
    tokenizer = Tokenizer(
        models.BPE(vocab={name: token for token, name in enumerate(names)}, merges=[], byte_fallback=True)
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Fuse()])
    return _with_special(tokenizer, labels)


def word_tokenizer_of(words: Iterable[str], labels: Iterable[str] = ()) -> Tokenizer:
    """A tokenizer whose ids are padding, start, 256 bytes, then these words in their order.

    Text is split as GPT-2 splits it, a word taking the space before it along; a word without a token is spelt in bytes,
    so that nothing is unknown and nothing lost.

    Args:
        words: in the byte-level alphabet, as `words_in` gives them; label tokens may stand among them.
        labels: as for `tokenizer_of`.
    """
    from tokenizers import Tokenizer, decoders, models

    names = dict.fromkeys([PAD, START, *byte_letters(), *words])
    tokenizer = Tokenizer(
        models.BPE(vocab={name: token for token, name in enumerate(names)}, merges=[], ignore_merges=True)
    )
    tokenizer.pre_tokenizer = _splitting()
    tokenizer.decoder = decoders.ByteLevel()
    return _with_special(tokenizer, labels)


@cache
def byte_letters() -> tuple[str, ...]:
    """The byte-level alphabet, in the order of its 256 code points."""
    from tokenizers import pre_tokenizers

    return tuple(sorted(pre_tokenizers.ByteLevel.alphabet()))


def words_in(text: str) -> list[str]:
    """The words of a text, in the byte-level alphabet."""
    return [word for word, _ in _splitting().pre_tokenize_str(text)]


def label_token(label: str) -> str:
    """The name of a label's token."""
    return LABEL.format(label)


def characters_of(counts: Counter[str], min_count: int, most: int | None = None) -> list[str]:
    """The characters, or words, that deserve a token of their own, the most frequent first.

    Args:
        counts: how often each occurs.
        min_count: rarer ones are spelt as bytes: a row of weights cannot be learnt from a few examples.
        most: how many there may be; None for any number.
    """
    frequent = sorted((c for c, count in counts.items() if count >= min_count), key=lambda c: (-counts[c], c))
    return frequent[:most]


def known_characters(tokenizer: Tokenizer) -> list[str]:
    """The characters, words and labels of a tokenizer made here, in the order of their ids."""
    vocabulary = tokenizer.get_vocab(with_added_tokens=True)
    names = sorted(vocabulary, key=vocabulary.__getitem__)
    return names[FIRST_CHARACTER:]


def _splitting() -> ByteLevel:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)


def _with_special(tokenizer: Tokenizer, labels: Iterable[str]) -> Tokenizer:
    from tokenizers import AddedToken

    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in (PAD, START, *labels)])
    return tokenizer
