"""GPT-2's kind of tokenizer, made for a text: byte-level BPE, in which nothing is unknown and nothing is lost."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from generators.training.encoding import pieces
from generators.training.publishing import write_json

END: Final = "<|endoftext|>"  # begins a text, ends it and fills up, as in OpenAI's GPT-2
END_ID: Final = 0
BYTES: Final = 257  # tokens that every vocabulary has: the end, and all bytes
LONGEST: Final = 64  # letters of a token: of «aaaa…» or a line of dashes, whole screens would become tokens
FILES: Final = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
)


def bpe_of(texts: Iterable[str], size: int) -> Tokenizer:
    """A tokenizer whose ids are the end of text, 256 bytes, then what is most frequent, as far as the text goes.

    Args:
        texts: to count in; the same texts give the same tokenizer.
        size: most tokens, those `BYTES` among them.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[AddedToken(END, special=True)],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=LONGEST,
        show_progress=False,
    )
    # in pieces: one word of millions of letters, such as a line of dashes, would take hours
    tokenizer.train_from_iterator((piece for text in texts for piece in pieces(text)), trainer)
    return tokenizer


def save_bpe(tokenizer: Tokenizer, directory: Path) -> None:
    """tokenizer.json, and what AutoTokenizer reads beside it."""
    tokenizer.save(str(directory / "tokenizer.json"))
    write_json(
        directory / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": END,
            "eos_token": END,
            "pad_token": END,
            "clean_up_tokenization_spaces": False,
        },
    )


def copy_tokenizer(base: Path, directory: Path) -> None:
    """All files of a base's tokenizer."""
    for name in FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, directory / name)
