"""From a corpus to token ids: what is learnt from and what is held out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from generators.charrnn.tokenizer import (
    FIRST_BYTE,
    START_ID,
    byte_letters,
    characters_of,
    known_characters,
    label_token,
    tokenizer_of,
    word_tokenizer_of,
    words_in,
)
from generators.errors import InvalidValue
from generators.training.alphabets import letters
from generators.training.corpus import Corpus
from generators.training.documents import Document
from generators.training.errors import NothingToLearn
from generators.training.filters import QUOTES, Tally, cleaned, expanded
from generators.training.labels import chosen
from generators.training.parting import Partition, parted, watched
from generators.training.recipes import CharRNNRecipe
from generators.training.windows import Encoded
from generators.vocabulary import Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PIECE: Final = 1 << 16  # characters encoded at a time: tokenizers keeps hundreds of bytes for each
SILENT: Final = frozenset({"duplicates", "chapters"})  # mean nothing where there are no documents, and are in recipes


@dataclass(frozen=True, slots=True)
class Known:
    """What a base brings along.

    Attributes:
        tokenizer: its own; ids stay.
        start: the token that begins and ends its texts.
        labels: token id of each of its labels.
    """

    tokenizer: Tokenizer
    start: int = START_ID
    labels: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, base: Path) -> Known:
        """The base in a directory that has been loaded before, so that its files are known to be whole."""
        from tokenizers import Tokenizer

        config = json.loads((base / "config.json").read_text("utf-8"))
        tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        return cls(tokenizer, int(config["bos_token_id"]), config.get("labels") or {})

    @property
    def splits(self) -> str | None:
        """`character` or `word` as tokenizers made here split; None for any other, which new tokens do not fit in."""
        first = [self.tokenizer.id_to_token(FIRST_BYTE + byte) for byte in range(256)]
        if first == [f"<0x{byte:02X}>" for byte in range(256)]:
            return "character"
        return "word" if first == list(byte_letters()) else None


@dataclass(slots=True)
class Prepared:
    """What a recurrent model is trained on.

    Attributes:
        tokenizer: made for this text, or the base's with new characters and labels.
        learnt, held_out: documents; none is in both.
        vocabulary: the tokenizer's, with the token that begins and ends texts.
        labels: token id of each label.
        documents, characters: how many were read, after cleaning.
        filters: documents that each filter `changed` and `removed`.
        labelled: documents that each label has.
    """

    tokenizer: Tokenizer
    learnt: Encoded
    held_out: Encoded
    vocabulary: Vocabulary
    labels: dict[str, int] = field(default_factory=dict)
    documents: int = 0
    characters: int = 0
    filters: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    labelled: Counter[str] = field(default_factory=Counter)


def prepared(corpus: Corpus, recipe: CharRNNRecipe, base: Known | None, read: Callable[[int], None]) -> Prepared:
    """Reads a corpus twice: for its characters or words, then for its token ids. The ids lie in files.

    Args:
        corpus: documents.
        recipe: which filters, how much is held out, what a token is.
        base: of the model that is to be tuned.
        read: told how many documents were read, now and then.

    Raises:
        UserError: a source cannot be read, nothing is left of it, or its labels cannot be learnt.
    """
    if recipe.single_text and corpus.label_columns:
        columns = ", ".join(corpus.label_columns)
        raise InvalidValue("label_column", columns, "left out where all sources are a single text, without documents")
    words = recipe.word_level if base is None else base.splits == "word"
    partition = Partition.of(recipe)
    counts: Counter[str] = Counter()
    tally = Tally()
    labelled: Counter[str] = Counter()
    documents = characters = hidden = 0
    for document in watched(_documents(corpus, recipe, tally), read):
        if partition.hides(document):
            hidden += 1
        else:
            _count(document, counts, words)
        labelled.update(document.labels)
        characters += len(document.text)
        documents += 1
    if not documents:
        raise NothingToLearn
    if hidden == documents:  # as where filters leave only a file's end, of which a part is learnt after all
        for document in _documents(corpus, recipe, Tally()):
            _count(document, counts, words)
    labels = chosen(labelled, tuple(base.labels) if base else ())
    tokenizer = _tokenizer(counts, labels, words, recipe, base)
    start = START_ID if base is None else base.start
    vocabulary = Vocabulary(tokenizer, start, start)
    known = tokenizer.get_vocab(with_added_tokens=True)
    labelled_by = {label: known[label_token(label)] for label in labels}

    def encoded() -> Iterator[tuple[float, Iterable[int]]]:
        for document in _documents(corpus, recipe, Tally()):
            front = [start, *(labelled_by[label] for label in document.labels)]
            yield partition.place(document), chain(front, encoded_text(vocabulary, document.text), [start])

    def running() -> Iterator[tuple[float, Iterable[int]]]:
        """All sources as one text, or what begins them as one and their ends as another."""
        for ends in (False, True) if 0 < hidden < documents else (None,):
            kept = (piece for piece in _documents(corpus, recipe, Tally()) if ends in (None, partition.hides(piece)))
            ids = chain.from_iterable(encoded_text(vocabulary, piece.text) for piece in kept)
            yield 0.0 if ends else 1.0, chain([start], ids, [start])

    texts = running() if recipe.single_text else encoded()
    learnt, held_out = parted(texts, recipe.held_out, vocabulary.size, corpus.scratch)
    whole = 1 if recipe.single_text else documents
    names = _filters(recipe)
    return Prepared(
        tokenizer, learnt, held_out, vocabulary, labelled_by, whole, characters, tally.told(names), labelled
    )


def encoded_text(vocabulary: Vocabulary, text: str) -> Iterator[int]:
    """Token ids of a text of any length, encoded a piece at a time."""
    for piece in pieces(text):
        yield from vocabulary.encode(piece)


def pieces(text: str) -> Iterator[str]:
    """A text in pieces that end before a space where a word would be cut."""
    at = 0
    while len(text) - at > PIECE:
        end = at + PIECE
        space = text.rfind(" ", at + 1, end)
        if space > 0 and not text[space - 1].isspace() and not text[space + 1].isspace():
            end = space
        yield text[at:end]
        at = end
    yield text[at:]


def _documents(corpus: Corpus, recipe: CharRNNRecipe, tally: Tally) -> Iterator[Document]:
    partition = Partition.of(recipe)
    if not recipe.single_text:
        return cleaned(partition.read(corpus), recipe.filters, tally)
    running = cleaned(corpus.running_text(partition.cut), _filters(recipe), tally)
    # the line end also where spaces were left out
    return (replace(piece, text=piece.text.removesuffix("\n") + "\n") for piece in running)


def _filters(recipe: CharRNNRecipe) -> list[str]:
    """Those that mean something: in a running text no two documents are the same."""
    return [name for name in expanded(recipe.filters) if not (recipe.single_text and name in SILENT)]


def _count(document: Document, counts: Counter[str], words: bool) -> None:
    for piece in pieces(document.text):
        counts.update(words_in(piece) if words else piece)


def _tokenizer(
    counts: Counter[str], labels: list[str], words: bool, recipe: CharRNNRecipe, base: Known | None
) -> Tokenizer:
    """One for these characters or words; a base's tokens keep their ids, and new ones follow."""
    names = [label_token(label) for label in labels]
    if base is not None and base.splits is None:  # what it does not know stays unknown, as it was to its makers
        from tokenizers import AddedToken

        base.tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in names])
        return base.tokenizer
    known = known_characters(base.tokenizer) if base is not None else []
    most = max(recipe.max_words - len(known), 0) if words else None
    found = characters_of(counts, recipe.min_count, most)
    if (
        "quotes" in expanded(recipe.filters) and not words
    ):  # so that typographic marks in a prompt are read as straight ones
        found += [mark for mark in QUOTES if mark not in counts or counts[mark] < recipe.min_count]
    if not words:
        found += [letter for letter in letters(recipe.alphabet) if letter not in found]
    old = set(known) | (set(byte_letters()) if words else set())
    together = [*known, *(name for name in found if name not in old)]
    together += [name for name in names if name not in old]
    return word_tokenizer_of(together, names) if words else tokenizer_of(together, names)
