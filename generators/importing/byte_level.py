"""GPT-2's tokenizer from the two files that it used to come in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from generators.errors import UnusableModel

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END: Final = "<|endoftext|>"  # begins and ends a text; openai/gpt-2, encoder.py


def byte_level_tokenizer(vocabulary: Path, merges: Path) -> Tokenizer:
    """A byte-level BPE that encodes as GPT-2's own encoder does.

    Raises:
        UnusableModel: the files are damaged or do not fit each other.
    """
    from tokenizers import ByteLevelBPETokenizer

    try:
        tokenizer = ByteLevelBPETokenizer(str(vocabulary), str(merges), add_prefix_space=False)
    except Exception as fault:  # tokenizers raises bare Exception for any damage to its files
        raise UnusableModel(str(vocabulary.parent), f"vocab.json or merges.txt is damaged ({fault})") from fault
    if tokenizer.token_to_id(END) is not None:
        tokenizer.add_special_tokens([END])
    inside: Tokenizer = tokenizer._tokenizer
    return inside
