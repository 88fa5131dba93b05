"""Models side by side: what they write for the same prompts, how fast, and how well they predict the same texts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from generators.completion import MOST_CHOICES, CompletionRequest, Finished, Piece

if TYPE_CHECKING:
    from pathlib import Path

    from generators.candidates import Completes
    from generators.completion import ModelInfo
    from generators.evaluation import Evaluation
    from generators.style import Style

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
        evaluations: how well it predicts the documents of each file.
        pictures: PNG files in its directory, such as its loss curve.
    """

    info: ModelInfo
    parameters: int
    bytes: int
    load_seconds: float
    speed: Speed
    style: Style
    evaluations: Mapping[str, Evaluation]
    samples: list[Sample]
    pictures: list[Path]


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
