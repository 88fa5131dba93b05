"""Models side by side: what they write for the same prompts, how fast, and how well they predict the same texts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from generators.completion import MOST_CHOICES, CompletionRequest, Finished, Piece, Unit
from generators.units import GRAMMARS, Phase

if TYPE_CHECKING:
    from pathlib import Path

    from generators.candidates import Completes
    from generators.completion import ModelInfo
    from generators.evaluation import Evaluation

REPEATED: Final = 4  # words of an n-gram whose repetition counts; arXiv:1908.04319 (seq-rep-4)
LONGEST: Final = 256  # characters of one word
WARMING: Final = 4  # tokens that are written ahead of the measured ones


class Sample(NamedTuple):
    """A text that a model wrote.

    Attributes:
        prompt: what it goes on from; not in `text`.
        seed: of the request that wrote it.
        ended: whether the model ended it, before it was as long as was asked.
    """

    prompt: str
    text: str
    tokens: int
    seed: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Style:
    """Measures of some texts. They depend on how long the texts are, so only texts of like length compare.

    Attributes:
        distinct_1, distinct_2, distinct_3: share of different ones among all n-grams of words, of all texts together
            (arXiv:1510.03055); 1 where nothing is said twice, None where there are none.
        repetition: share of four-word sequences that stood in the same text before (arXiv:1908.04319), the texts' mean;
            None where no text has four words.
        length: mean characters of a text.
        ended: share of texts that the model ended.
    """

    distinct_1: float | None
    distinct_2: float | None
    distinct_3: float | None
    repetition: float | None
    length: float
    ended: float


class Speed(NamedTuple):
    """How fast texts were written, as many side by side as one request takes."""

    tokens_per_second: float
    characters_per_second: float


@dataclass(frozen=True, slots=True)
class Compared:
    """All that is known of one of the models.

    Attributes:
        parameters: see `generators.layers.Summary`, as `bytes`.
        load_seconds: from its files to a model that can write.
        evaluation: how well it predicts the documents; None where there are none.
        pictures: PNG files in its directory, such as its loss curve.
    """

    info: ModelInfo
    parameters: int
    bytes: int
    load_seconds: float
    speed: Speed
    style: Style
    evaluation: Evaluation | None
    samples: list[Sample]
    pictures: list[Path]


def style_of(samples: Sequence[Sample]) -> Style:
    """Measures of what a model wrote.

    Raises:
        ValueError: there are no samples.
    """
    if not samples:
        raise ValueError("there are no samples to measure")
    texts = [words(sample.text) for sample in samples]
    repeated = [share for text in texts if (share := _different(_grams(text, REPEATED))) is not None]
    one, two, three = (_different([gram for text in texts for gram in _grams(text, n)]) for n in (1, 2, 3))
    return Style(
        distinct_1=one,
        distinct_2=two,
        distinct_3=three,
        repetition=1 - sum(repeated) / len(repeated) if repeated else None,
        length=sum(len(sample.text) for sample in samples) / len(samples),
        ended=sum(sample.ended for sample in samples) / len(samples),
    )


def words(text: str) -> list[str]:
    """The words of a text without the space between them, small and capital letters alike; see `generators.units`."""
    found, at = [], 0
    while at < len(text):
        _, taken = GRAMMARS[Unit.WORD].scan(Phase.FRESH, text[at : at + LONGEST])
        found.append(text[at : at + (taken or LONGEST)].strip().casefold())
        at += taken or LONGEST
    return [word for word in found if word]


async def sampled(
    generator: Completes, request: CompletionRequest, prompts: Sequence[str], n: int
) -> tuple[list[Sample], Speed]:
    """Texts for each prompt, and how fast they were written.

    Args:
        request: all that they have in common, its seed included, which is not None.
        n: texts for each prompt.

    Raises:
        UserError: the request cannot be met.
    """
    samples: list[Sample] = []
    await _written(generator, replace(request, prompt="", n=1, max_tokens=WARMING, min_tokens=0))  # the first is slow
    began = time.perf_counter()
    for prompt in prompts:
        for first in range(0, n, MOST_CHOICES):
            asked = replace(
                request, prompt=prompt, n=min(MOST_CHOICES, n - first), seed=((request.seed or 0) + first) % 2**63
            )
            samples += await _written(generator, asked)
    seconds = max(time.perf_counter() - began, 1e-9)
    tokens, characters = sum(one.tokens for one in samples), sum(len(one.text) for one in samples)
    return samples, Speed(tokens / seconds, characters / seconds)


async def _written(generator: Completes, request: CompletionRequest) -> list[Sample]:
    texts, ends = [""] * request.n, [Finished(0, "length", 0, 0)] * request.n
    async with generator.complete(request) as events:
        async for event in events:
            match event:
                case Piece() if event.choice >= 0:
                    texts[event.choice] += event.text
                case Finished() if event.choice >= 0:
                    ends[event.choice] = event
    return [
        Sample(str(request.prompt), text, end.completion_tokens, request.seed or 0, end.reason == "end")
        for text, end in zip(texts, ends, strict=True)
    ]


def _grams(text: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(islice(text, first, None) for first in range(n)), strict=False))


def _different(grams: Sequence[tuple[str, ...]]) -> float | None:
    return len(set(grams)) / len(grams) if grams else None
