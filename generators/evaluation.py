"""How well a model predicts texts that it has not learnt from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypedDict

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from generators.model import Model
from generators.sampling import log_normalisers
from generators.vocabulary import LABEL

if TYPE_CHECKING:
    from generators.training.documents import Document
    from generators.vocabulary import Vocabulary

TEXTS: Final = 32  # side by side: the products are at full speed from about 16 rows on
CHUNK: Final = 128  # tokens of each text at a time; 32 · 128 rows of 50,257 logits are 820 MB, of 360 are 6 MB
ROWS: Final = 64 * 1024 * 1024 // 4  # logits at a time, so that large vocabularies get smaller chunks


class Evaluation(TypedDict):
    """Measures of a model on some documents, each predicted from its first character to its end.

    Attributes:
        bits_per_character: all bits, those of the ends included, over the characters; comparable between models
            with other tokens.
        nats_per_token: mean loss over all targets, the ends included.
        perplexity: e to the nats per token.
        characters: of the documents, without ends.
        tokens: targets, the ends included.
    """

    bits_per_character: float
    nats_per_token: float
    perplexity: float
    characters: int
    tokens: int


class _Pass(NamedTuple):
    """One reading of a stretch of a text; only predictions of the tokens from `counted` on count."""

    ids: Sequence[int]
    counted: int


def evaluate(model: Model[Any], documents: Iterable[Document]) -> Evaluation:
    """Measures a model on documents: each stands between the start token, which is given, and the end, which counts.

    Those of a document's labels that the model knows are given as well.

    Raises:
        ValueError: there are no documents, or no characters in them.
    """
    vocabulary = model.vocabulary
    labelled = {label: vocabulary.names.index(LABEL.format(label)) for label in model.info.labels}
    characters = 0

    def encoded() -> Iterator[list[int]]:
        nonlocal characters
        for document in documents:
            characters += len(document.text)
            labels = (labelled[label] for label in document.labels if label in labelled)
            yield [vocabulary.start, *labels, *vocabulary.encode(document.text), vocabulary.end]

    nats, tokens = nats_of(model, encoded())
    return evaluation_of(nats, tokens, characters)


def together(evaluations: Iterable[Evaluation]) -> Evaluation:
    """What several measures of one model, each on other documents, come to.

    Raises:
        ValueError: there are none.
    """
    each = list(evaluations)
    nats = math.fsum(one["nats_per_token"] * one["tokens"] for one in each)
    return evaluation_of(nats, sum(one["tokens"] for one in each), sum(one["characters"] for one in each))


def evaluation_of(nats: float, tokens: int, characters: int) -> Evaluation:
    """The measures of `nats` in sum over so many targets and characters."""
    if not characters:
        raise ValueError("there is no text to measure a model on")
    per_token = nats / tokens
    return Evaluation(
        bits_per_character=nats / math.log(2) / characters,
        nats_per_token=per_token,
        perplexity=math.exp(min(per_token, 700.0)),  # the largest that a float holds
        characters=characters,
        tokens=tokens,
    )


def nats_of(model: Model[Any], texts: Iterable[Sequence[int]]) -> tuple[float, int]:
    """Summed loss in nats over every token but the start and the labels of each text; and how many those are."""
    nats, tokens = 0.0, 0
    with threadpool_limits(1, "blas"):  # on products as small as a char-RNN's, threads mostly wait for each other
        for losses in losses_of(model, texts):
            nats += float(losses.sum(dtype=np.float64))
            tokens += len(losses)
    return nats, tokens


def losses_of(model: Model[Any], texts: Iterable[Sequence[int]]) -> Iterator[np.ndarray[Any, np.dtype[np.float32]]]:
    """Losses in nats of consecutive targets, a stretch of one text at a time, texts side by side.

    A text that is longer than the model's context is read in windows that overlap by half; each target counts once,
    in the window where it has at least half a context before it.
    """
    passes = (item for ids in texts for item in _passes(ids, model.info.context, _given(ids, model.vocabulary)))
    running: list[tuple[Any, _Pass, int]] = []
    chunk = max(1, min(CHUNK, ROWS // (TEXTS * model.vocabulary.size)))
    while True:
        while len(running) < TEXTS and (new := next(passes, None)) is not None:
            running.append((model.start(), new, 0))
        if not running:
            return
        inputs = [item.ids[at : min(at + chunk, len(item.ids) - 1)] for _, item, at in running]
        answers = model.extend([state for state, _, _ in running], inputs, "all")
        going = []
        for (state, item, at), read, logits in zip(running, inputs, answers, strict=True):
            after = at + len(read)
            targets = np.asarray(item.ids[at + 1 : after + 1])
            losses = log_normalisers(logits) - logits[np.arange(len(targets)), targets]
            if after + 1 > item.counted:
                yield losses[max(item.counted - at - 1, 0) :]
            if after < len(item.ids) - 1:
                going.append((state, item, after))
        running = going


def _given(ids: Sequence[int], vocabulary: Vocabulary) -> int:
    """How many tokens a text begins with that nobody has to predict: its start and its labels."""
    given = 1
    while (
        given < len(ids) and ids[given] in vocabulary.special and ids[given] not in (vocabulary.start, vocabulary.end)
    ):
        given += 1
    return given


def _passes(ids: Sequence[int], context: int | None, given: int) -> Iterator[_Pass]:
    if len(ids) < 2:
        return
    if context is None or len(ids) - 1 <= context:
        yield _Pass(ids, given)
        return
    half = max(context // 2, 1)
    yield _Pass(ids[: context + 1], given)
    done = context + 1
    while done < len(ids):
        end = min(done + half, len(ids))
        start = max(end - 1 - context, 0)
        yield _Pass(ids[start:end], done - start)
        done = end
