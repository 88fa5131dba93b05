"""A corpus as tokens of a vocabulary that is settled: what is learnt from and what is held out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from tokenizers import AddedToken, Tokenizer

from generators.charrnn.tokenizer import label_token
from generators.training.corpus import Corpus
from generators.training.encoding import encoded_text
from generators.training.errors import NothingToLearn
from generators.training.filters import Tally, cleaned, expanded
from generators.training.labels import chosen
from generators.training.parting import Partition, parted, watched
from generators.training.trainee import Learnt
from generators.training.windows import Encoded
from generators.vocabulary import Vocabulary


class Tokenised(NamedTuple):
    """A corpus in files: documents [start, label…, text…, end]; none is both learnt and held out."""

    learnt: Encoded
    held_out: Encoded
    facts: Learnt


def tokenised(
    corpus: Corpus,
    filters: Sequence[str],
    partition: Partition,
    vocabulary: Vocabulary,
    labels: Mapping[str, int],
    read: Callable[[int], None],
) -> Tokenised:
    """Reads a corpus; its token ids lie in files.

    Args:
        corpus: documents.
        filters: what cleans them.
        partition: which documents are held out.
        vocabulary: their tokens.
        labels: token id of each label.
        read: told how many documents were read, now and then.

    Raises:
        UserError: a source cannot be read, or nothing is left of it.
    """
    tally = Tally()
    labelled: Counter[str] = Counter()
    documents = characters = 0

    def encoded() -> Iterator[tuple[float, Iterable[int]]]:
        nonlocal documents, characters
        for document in watched(cleaned(partition.read(corpus), filters, tally), read):
            documents += 1
            characters += len(document.text)
            labelled.update(document.labels)
            front = [vocabulary.start, *(labels[label] for label in document.labels)]
            ids = chain(front, encoded_text(vocabulary, document.text), [vocabulary.end])
            yield partition.place(document), ids

    learnt, held_out = parted(encoded(), partition.share, vocabulary.size, corpus.scratch)
    if not documents:
        raise NothingToLearn
    return Tokenised(learnt, held_out, Learnt(documents, characters, tally.told(expanded(filters)), labelled))


def texts_of(
    corpus: Corpus,
    filters: Sequence[str],
    partition: Partition,
    labelled: Counter[str],
    read: Callable[[int], None],
) -> Iterator[str]:
    """The texts of a corpus, cleaned, for counting in; the labels of all documents are counted into `labelled`."""
    for document in watched(cleaned(partition.read(corpus), filters), read):
        labelled.update(document.labels)
        if not partition.hides(document):
            yield document.text


def add_labels(tokenizer: Tokenizer, counts: Counter[str], known: Mapping[str, int]) -> dict[str, int]:
    """Gives each label a special token after all others; token ids of all labels, the known ones first.

    Raises:
        UnusableLabels: one is too long, or there are too many.
    """
    names = chosen(counts, tuple(known))
    tokenizer.add_special_tokens([AddedToken(label_token(name), special=True) for name in names if name not in known])
    tokens = tokenizer.get_vocab(with_added_tokens=True)
    return {name: known[name] if name in known else tokens[label_token(name)] for name in names}
