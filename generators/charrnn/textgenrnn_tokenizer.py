"""textgenrnn's vocabularies as tokenizers, with every id as it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PAD: Final = "<pad>"  # id 0, which stands for whatever is unknown too
META: Final = "<s>"  # begins a text and ends it

# From textgenrnn/utils.py, textgenrnn_generate: marks that a prompt's words are parted at, and marks that the
# text's spaces are taken away before. White space is in both sets there; here it never gets into a prompt's words.
PUNCTUATION: Final = "!\"#$%&()*+,-./:;<=>?@[]^_`{|}~'‘’“”–—"
ATTACHED: Final = "!%),.:;?@]_}'"
SPACES: Final = "\n\t"


def character_tokenizer(vocabulary: Mapping[str, int]) -> Tokenizer:
    """A token a character; characters that it does not have are 0."""
    from tokenizers import Tokenizer, decoders, models

    tokenizer = Tokenizer(models.BPE(vocab={PAD: 0, **vocabulary}, merges=[], unk_token=PAD))
    tokenizer.decoder = decoders.Fuse()
    return _with_specials(tokenizer, vocabulary)


def word_tokenizer(vocabulary: Mapping[str, int]) -> Tokenizer:
    """A token a word with the space before it, or a mark without one; words that it does not have are 0.

    Prompts are read as textgenrnn reads them: in small letters, each mark a word of its own.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    named = {PAD: 0, **{word_name(word): token for word, token in vocabulary.items()}}
    tokenizer = Tokenizer(models.WordLevel(vocab=named, unk_token=PAD))
    attached = "".join(f"\\{mark}" for mark in ATTACHED)
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Lowercase(),
            *(normalizers.Replace(mark, f" {mark} ") for mark in PUNCTUATION),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
            normalizers.Replace(Regex(r"\A"), " "),  # not `Prepend`, which loading takes away as a prefix of all texts
            normalizers.Replace(Regex(f" (?=[{attached}])"), ""),
        ]
    )
    words = Regex(f"[{attached}]| [^ {attached}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(words, "removed", invert=True)
    tokenizer.decoder = decoders.Fuse()
    return _with_specials(tokenizer, vocabulary)


def word_name(word: str) -> str:
    """A word as it is written behind others: with a space, unless it begins with a mark that has none before it."""
    return word if word == META or word[:1] in ATTACHED + SPACES else f" {word}"


def _with_specials(tokenizer: Tokenizer, vocabulary: Mapping[str, int]) -> Tokenizer:
    from tokenizers import AddedToken

    tokenizer.add_special_tokens(
        [AddedToken(name, special=True, normalized=False) for name in (PAD, META) if name == PAD or name in vocabulary]
    )
    return tokenizer
