"""Token ids, their bytes, and the text between them, whatever the tokenizer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers

from generators.errors import UnusableModel
from generators.units import UnitMap
from generators.vocabulary import Vocabulary
from tests.fakes.language_models import byte_level_bpe

TEXTS = [
    "",
    "Once upon a time",
    " a space before, two  between, one after ",
    "naïve café — “quotes” and 日本語, مرحبا, 🙂👩‍👩‍👧",
    "tabs\tand\nlines\r\n\n",
    "<s> </s> <|endoftext|> <0x41> ▁",
    "\x00\x7f",
]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
PIECES = ["▁", "▁a", "o", "n", "c", "e", "▁time", "▁on", "▁onc", "ti", "me", "t", "i", "m", "a"]


def llama_like() -> Tokenizer:
    """SentencePiece's BPE with byte fallback, as Llama 2's directories have it."""
    vocab = {name: token for token, name in enumerate(["<unk>", "<s>", "</s>", *BYTES, *PIECES])}
    merges = [("▁", "a"), ("t", "i"), ("m", "e")]
    tokenizer = Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in ("<unk>", "<s>", "</s>")])
    return tokenizer


def unigram() -> Tokenizer:
    """SentencePiece's Unigram with byte fallback, as Gemma-like and T5-like directories have it."""
    names = ["<unk>", "<s>", "</s>", *BYTES, *PIECES]
    pieces = [(name, 0.0 if name[0] == "<" else -float(place % 7) - 1) for place, name in enumerate(names)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=0, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in ("<unk>", "<s>", "</s>")])
    return tokenizer


def byte_level_with_more() -> Tokenizer:
    """GPT-2's kind with ordinary added tokens, as GPT-NeoX's runs of spaces."""
    tokenizer = byte_level_bpe()
    tokenizer.add_tokens([AddedToken("  ", normalized=False), AddedToken("日本", normalized=False)])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return tokenizer


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Writes a directory with a tokenizer and a config."""

    def save(tokenizer: Tokenizer, **config: Any) -> Path:
        tokenizer.save(str(tmp_path / "tokenizer.json"))
        (tmp_path / "config.json").write_text(json.dumps({"bos_token_id": 1, "eos_token_id": 2} | config))
        return tmp_path

    return save


@pytest.mark.parametrize("make", [llama_like, unigram, byte_level_with_more])
@pytest.mark.parametrize("text", TEXTS)
def test_round_trips(saved: Callable[..., Path], make: Callable[[], Tokenizer], text: str) -> None:
    """The bytes of a text's tokens, joined, are the text: nothing is lost, nothing put before it."""
    vocabulary = Vocabulary.load(saved(make()))

    ids = vocabulary.encode(text)

    if make is not byte_level_with_more:  # the marker for a space cannot be told from a space
        text = text.replace("▁", " ")
    assert b"".join(vocabulary.bytes[token] for token in ids) == text.encode()
    assert vocabulary.decode(ids) == text
    assert not vocabulary.special & set(ids)


@pytest.mark.parametrize("make", [llama_like, unigram, byte_level_with_more])
def test_pieces(saved: Callable[..., Path], make: Callable[[], Tokenizer]) -> None:
    """Special tokens stand for nothing, a space begins a word, and lone bytes are bytes."""
    vocabulary = Vocabulary.load(saved(make()))

    pieces = set(vocabulary.bytes)

    assert b" a" in pieces
    assert {bytes([byte]) for byte in range(128, 256)} <= pieces
    assert all(vocabulary.bytes[token] == b"" for token in vocabulary.special)
    assert UnitMap(vocabulary).closing[vocabulary.bytes.index(b" a")]


@pytest.mark.parametrize(
    ("config", "ends"),
    [
        ({"bos_token_id": None}, (2, 2)),
        ({"eos_token_id": None}, (1, 1)),
        ({"eos_token_id": [2, 7]}, (1, 2)),
    ],
)
def test_ends(saved: Callable[..., Path], config: dict[str, Any], ends: tuple[int, int]) -> None:
    """A model with one end uses it for both; of several the first ends a text."""
    vocabulary = Vocabulary.load(saved(llama_like(), **config))

    assert (vocabulary.start, vocabulary.end) == ends
    assert vocabulary.special == {0, 1, 2}


def test_an_end_that_is_not_marked(saved: Callable[..., Path]) -> None:
    """The token that ends a text is special even where the tokenizer does not say so."""
    vocabulary = Vocabulary.load(saved(byte_level_bpe(), bos_token_id=300, eos_token_id=301))

    assert {300, 301} <= vocabulary.special
    assert vocabulary.bytes[301] == b""


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"bos_token_id": None, "eos_token_id": None}, "neither a bos_token_id nor an eos_token_id"),
        ({"eos_token_id": -1}, "outside the vocabulary"),
        ({"eos_token_id": 10**9}, "outside the vocabulary"),
        ({"eos_token_id": []}, "cannot be read"),
    ],
)
def test_wrong_ends(saved: Callable[..., Path], config: dict[str, Any], told: str) -> None:
    """A config whose ends cannot be is refused in one sentence."""
    directory = saved(llama_like(), **config)

    with pytest.raises(UnusableModel) as caught:
        Vocabulary.load(directory)

    assert told in str(caught.value)


def test_parts_of_another_kind(saved: Callable[..., Path]) -> None:
    """A directory without tokenizer.json is read from its older parts only where these are GPT-2's own."""
    directory = saved(byte_level_bpe(), model_type="qwen2")
    (directory / "tokenizer.json").unlink()
    byte_level_bpe().model.save(str(directory))

    with pytest.raises(UnusableModel, match="do not say how texts are split"):
        Vocabulary.load(directory)


def test_a_token_that_is_no_bytes(saved: Callable[..., Path]) -> None:
    """A byte-level tokenizer with a token outside its alphabet is refused in one sentence."""
    directory = saved(byte_level_bpe())
    written = json.loads((directory / "tokenizer.json").read_text("utf-8"))
    written["model"]["vocab"]["日"] = len(written["model"]["vocab"])
    (directory / "tokenizer.json").write_text(json.dumps(written), "utf-8")

    with pytest.raises(UnusableModel, match="'日' is not written in bytes"):
        Vocabulary.load(directory)


def test_a_tokenizer_that_loses_text(saved: Callable[..., Path]) -> None:
    """A WordPiece is refused, because spaces are lost in it."""
    vocab = {"[UNK]": 0, "a": 1, "##b": 2}

    with pytest.raises(UnusableModel, match="WordPiece, which loses the spaces"):
        Vocabulary.load(saved(Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))))
