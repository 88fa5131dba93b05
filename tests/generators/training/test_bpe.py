from __future__ import annotations

from pathlib import Path

from transformers import AutoTokenizer

from generators.training.bpe import END, END_ID, bpe_of, save_bpe
from generators.vocabulary import Vocabulary
from tests.generators.training.titles import TITLES


def test_nothing_is_lost() -> None:
    """Every text comes back, whatever its characters, and the end of text is never part of one."""
    vocabulary = Vocabulary(bpe_of(TITLES, 300), END_ID, END_ID)

    texts = ["a cat sees", "  two  spaces\nand lines\t", "naïve 猫 🦉\0", END]

    assert [vocabulary.decode(vocabulary.encode(text)) for text in texts] == texts
    assert END_ID not in vocabulary.encode(END)
    assert vocabulary.size == 300
    assert len(vocabulary.encode("the dog eats")) < 8


def test_small_text() -> None:
    """A text that has fewer pieces than asked for gives a smaller vocabulary, at least the end and all bytes."""
    assert bpe_of(["a"], 8000).get_vocab_size() == 257


def test_repeated_character() -> None:
    """A single character repeated ten million times becomes tokens of bounded length, in seconds."""
    vocabulary = Vocabulary(bpe_of(["a" * 10_000_000], 8000), END_ID, END_ID)

    assert max(map(len, vocabulary.bytes)) <= 64
    assert vocabulary.decode(vocabulary.encode("a" * 1000)) == "a" * 1000


def test_same_elsewhere(tmp_path: Path) -> None:
    """The same texts give the same tokenizer, which transformers reads as we do."""
    first, second = bpe_of(TITLES, 400), bpe_of(TITLES, 400)
    save_bpe(first, tmp_path)

    theirs = AutoTokenizer.from_pretrained(tmp_path)

    assert first.to_str() == second.to_str()
    text = "the owl likes  milk, née 3"
    assert theirs(text)["input_ids"] == first.encode(text).ids
    assert (theirs.bos_token_id, theirs.eos_token_id, theirs.pad_token_id) == (END_ID,) * 3
    assert theirs.decode(theirs(text)["input_ids"]) == text
