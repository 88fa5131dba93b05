from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from generators.charrnn.tokenizer import START_ID, characters_of, known_characters, tokenizer_of
from generators.vocabulary import Vocabulary

VOCABULARY = Vocabulary(tokenizer_of("etaoin <s>é0xA"), START_ID, START_ID)


@given(st.text())
def test_round_trip(text: str) -> None:
    """No character is lost, whether or not it has a token."""
    assert VOCABULARY.decode(VOCABULARY.encode(text)) == text


@given(st.text(alphabet="<s>pad/0x41A \x00"))
def test_typed_names(text: str) -> None:
    """What a person types is never a special token or a byte's name, whatever it looks like."""
    tokens = VOCABULARY.encode(text)

    assert len(tokens) == len(text.encode())
    assert not VOCABULARY.special & set(tokens)


@pytest.mark.parametrize("text", ["😀", "\x00", "中", "a😀b"])
def test_fallback(text: str) -> None:
    """A character without a token is spelt by its UTF-8 bytes."""
    vocabulary = Vocabulary(tokenizer_of("ab"), START_ID, START_ID)

    tokens = vocabulary.encode(text)

    assert [vocabulary.names[token] for token in tokens] == [
        character if character in "ab" else f"<0x{byte:02X}>" for character in text for byte in character.encode()
    ]


def test_layout() -> None:
    """Padding is 0, start and end are 1, bytes follow, then the characters in their order."""
    assert VOCABULARY.names[:3] == ("<pad>", "<s>", "<0x00>")
    assert VOCABULARY.names[257:260] == ("<0xFF>", "e", "t")
    assert VOCABULARY.special == {0, 1}
    assert known_characters(tokenizer_of("xyz")) == ["x", "y", "z"]


def test_rare_characters() -> None:
    """Characters below the count get no token; the others come by frequency, equal ones by code."""
    assert characters_of(Counter("aaa bb cc d"), 2) == [" ", "a", "b", "c"]


def test_auto_tokenizer(tmp_path: Path) -> None:
    """transformers reads the tokenizer from its directory, and loses nothing either."""
    from generators.training.publishing import save_tokenizer

    save_tokenizer(tokenizer_of("abc "), tmp_path)

    tokenizer = AutoTokenizer.from_pretrained(tmp_path)

    assert tokenizer.decode(tokenizer("a cab 😀")["input_ids"]) == "a cab 😀"
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id) == (1, 1, 0)
