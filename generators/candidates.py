"""What a vote is held on: the likeliest next units, and what people write in, each with its probability."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from generators.completion import (
    Alternative,
    CompletionRequest,
    Event,
    Piece,
    Priority,
    Started,
    Unit,
)


class Completes(Protocol):
    """As much of a `Generator` as is asked here; the engine of a single model is as good."""

    def complete(self, request: CompletionRequest) -> AbstractAsyncContextManager[AsyncIterator[Event]]: ...


class Candidates(NamedTuple):
    """The likeliest next units.

    Attributes:
        alternatives: the likeliest first, with absolute probabilities.
        exact: whether no other unit can be among the likeliest; sampled sentences never are.
        seed: decided the samples, and would decide a draw.
        prompt: token ids of the prompt that the model read; with the chosen alternative's they are the next prompt.
        dropped: tokens of the prompt's front that did not fit the model's context.
        model, version: what said so.
    """

    alternatives: tuple[Alternative, ...]
    exact: bool
    seed: int
    prompt: tuple[int, ...]
    dropped: int
    model: str
    version: str


async def candidates(
    generator: Completes,
    *,
    model: str,
    prompt: str | tuple[int, ...],
    unit: Unit = Unit.WORD,
    after_unit: bool = False,
    n: int = 5,
    seed: int | None = None,
    temperature: float | None = None,
    label: str | None = None,
    user: str = "",
    priority: Priority = Priority.BALLOT,
    deadline: float | None = None,
) -> Candidates:
    """The n likeliest units after a prompt.

    Args:
        after_unit: the prompt ends with a whole unit; see `CompletionRequest`.
        temperature: of sentences, which are drawn; words and tokens are searched for, whatever it is.
        deadline: seconds after which what has been found has to do.

    Raises:
        UserError: the request cannot be met.
    """
    request = CompletionRequest(
        prompt=prompt,
        model=model,
        max_tokens=1,
        min_tokens=0,
        temperature=temperature,
        seed=seed,
        logprobs=n,
        unit=unit,
        after_unit=after_unit,
        label=label,
        user=user,
        priority=priority,
        deadline=deadline,
    )
    events = await _gathered(generator, request)
    started = next(event for event in events if isinstance(event, Started))
    piece = next((event for event in events if isinstance(event, Piece)), None)
    return Candidates(
        piece.alternatives if piece is not None else (),
        piece is not None and piece.exact,
        started.seed,
        started.prompt,
        started.dropped,
        started.model,
        started.version,
    )


async def score(
    generator: Completes,
    *,
    model: str,
    prompt_ids: tuple[int, ...],
    text: str,
    unit: Unit = Unit.WORD,
    label: str | None = None,
    user: str = "",
    priority: Priority = Priority.BALLOT,
) -> Alternative:
    """A text that a person wrote, as an alternative after a prompt.

    Its probability is comparable with that of `candidates`: as a word, it includes that the word ends there.

    Raises:
        UserError: the request cannot be met.
    """

    def asked(prompt: str | tuple[int, ...], *, echo_from: int | None = None) -> CompletionRequest:
        return CompletionRequest(
            prompt=prompt,
            model=model,
            max_tokens=0,
            echo=echo_from is not None,
            echo_from=echo_from or 0,
            unit=unit if echo_from is not None else None,
            label=label,
            user=user,
            priority=priority,
        )

    (started, *_) = await _gathered(generator, asked(text))
    assert isinstance(started, Started)
    token_ids = started.prompt
    pieces = await _gathered(generator, asked((*prompt_ids, *token_ids), echo_from=len(prompt_ids)))
    logprob = sum([event.logprob for event in pieces if isinstance(event, Piece)])
    return Alternative(token_ids, text, float(logprob))


async def _gathered(generator: Completes, request: CompletionRequest) -> list[Event]:
    """All events of a request, the deadline's included."""
    async with generator.complete(request) as events:
        return [event async for event in events]
