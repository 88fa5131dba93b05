"""What comes before the engine: a request is checked, its prompt made token ids and cut to the model's context."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Final

from generators.completion import CompletionRequest, ModelInfo, Started, Unit
from generators.engine.stream import Stream
from generators.engine.texts import Order
from generators.engine.voices import Voice
from generators.errors import InvalidValue, Phrase, Unsupported
from generators.units import GRAMMARS
from generators.vocabulary import LABEL, Vocabulary

SHOWN_LABELS: Final = 20  # of a model's labels, where a request named another
MOST_UNITS: Final = 64  # alternatives in units: what 256 prefixes can still decide
INLINE: Final = 2_000  # characters that are tokenised on the event loop: half a millisecond


def check(request: CompletionRequest, info: ModelInfo, vocabulary: Vocabulary) -> None:
    """Refuses what the model cannot do.

    Raises:
        InvalidValue: a value that no model takes, or a token id that this one does not have.
        Unsupported: a unit or label that this model does not list.
    """
    if request.unit is not None:
        if request.unit not in info.units:
            raise Unsupported(info.name, Phrase("alternatives of the unit {unit}", unit=request.unit.value))
        if request.logprobs is None or request.logprobs > MOST_UNITS:
            raise InvalidValue(
                "logprobs",
                request.logprobs,
                Phrase("a whole number from 0 to {most:,} where a unit is named", most=MOST_UNITS),
            )
    if request.label is not None:
        labels_of(request.label, info)
    if not isinstance(request.prompt, str):
        for token in request.prompt:
            if not 0 <= token < vocabulary.size:
                raise InvalidValue("prompt", token, Phrase("token ids from 0 to {most:,}", most=vocabulary.size - 1))


def labels_of(asked: str, info: ModelInfo) -> list[str]:
    """The labels that a request names: one that the model has, or several joined by commas.

    Raises:
        Unsupported: the model does not have one of them.
    """
    if asked in info.labels:
        return [asked]
    labels = list(dict.fromkeys(part.strip() for part in asked.split(",") if part.strip())) or [asked]
    for label in labels:
        if label not in info.labels:
            raise Unsupported(info.name, _unknown(label if info.labels else asked, info.labels))
    return labels


def _unknown(label: str, known: tuple[str, ...]) -> Phrase:
    if not known:
        return Phrase("texts of the kind {label}; it has no labels", label=label)
    shown = ", ".join(known[:SHOWN_LABELS]) + (", …" if len(known) > SHOWN_LABELS else "")
    return Phrase("texts of the kind {label}; it has {labels}", label=label, labels=shown)


async def encoded(vocabulary: Vocabulary, prompt: str | tuple[int, ...]) -> list[int]:
    """Token ids of a prompt; long ones are tokenised beside the event loop."""
    if not isinstance(prompt, str):
        return list(prompt)
    if len(prompt) <= INLINE:
        return vocabulary.encode(prompt)
    return await asyncio.to_thread(vocabulary.encode, prompt)


def order_of(
    request: CompletionRequest, voice: Voice, vocabulary: Vocabulary, prompt: list[int], stream: Stream
) -> tuple[Order, Started]:
    """The engine's order for a checked request, and the event that tells what it reads."""
    info = voice.info
    front = [vocabulary.start]
    if request.label is not None:
        front.extend(vocabulary.names.index(LABEL.format(label)) for label in labels_of(request.label, info))
    dropped = to_drop(len(front) + len(prompt), info.context)
    if dropped:
        front.pop(0)
        prompt = prompt[dropped:]
    seed = secrets.randbits(63) if request.seed is None else request.seed
    most = info.max_tokens if request.max_tokens is None else request.max_tokens
    order = Order(
        voice,
        request,
        request.sampling(info.sampling),
        seed,
        fed=front + prompt,
        prompt_tokens=max(0, len(prompt) - request.drawn),
        score_from=len(front) + max(0, request.echo_from - dropped) if request.echo else None,
        most=most,
        least=info.min_tokens if request.min_tokens is None else request.min_tokens,
        append=stream.events.append,
        finish=stream.finish,
        bell=stream.bell,
        deadline=None if request.deadline is None else time.monotonic() + request.deadline,
        unfinished=request.n if most else 1,
    )
    return order, Started(info.name, info.version, seed, tuple(prompt), dropped)


def to_drop(tokens: int, context: int | None) -> int:
    """Tokens of the front that have to go for the rest to fit, with room for a unit to be written after it.

    They go in blocks of a quarter of the context: the front of a story that grows then stays where it is for a while,
    and what has been read of it is found again.
    """
    if context is None:
        return 0
    block = max(1, context // 4)
    room = context - reserve(context)
    return 0 if tokens <= room else min(tokens - 1, -(-(tokens - room) // block) * block)


def reserve(context: int) -> int:
    """Tokens of a context that stay free for the unit that comes next."""
    return min(context // 4, GRAMMARS[Unit.WORD].longest)
