"""What a model writes in a game, a unit at a time."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

import structlog

from bot.games.errors import NoAnswer
from bot.models import CannotWrite, ModelGone
from generators.completion import CompletionRequest, Finished, Generator, Piece, Priority, Started, Unit
from generators.errors import UnknownModel, UnusableModel, UserError

PATIENCE: Final = 60.0  # seconds for one unit; people sit and wait for it

log = structlog.get_logger(__name__)


class Penned(NamedTuple):
    """One unit.

    Attributes:
        text: of whole characters; empty where the model ended its text instead.
        token_ids: the same as the model reads it.
        ended: whether the model ended its text.
    """

    text: str
    token_ids: tuple[int, ...]
    ended: bool


async def token_ids(generator: Generator, *, model: str, text: str, user: str) -> tuple[int, ...]:
    """A text as the model reads it.

    Raises:
        UserError: as `next_unit` does.
    """
    if not text:
        return ()
    penned = await _asked(generator, CompletionRequest(prompt=text, model=model, max_tokens=0, user=user))
    return penned.token_ids


async def next_unit(
    generator: Generator,
    *,
    model: str,
    prompt: tuple[int, ...],
    unit: Unit,
    temperature: float | None,
    seed: int,
    user: str,
) -> Penned:
    """What a model appends to a text.

    Args:
        model: with its version, to which the prompt's token ids belong.
        temperature: of the draws; None for the model's own.
        user: who waits, for fairness.

    Raises:
        ModelGone: it is not there any more.
        NoAnswer: it broke down, or found nothing in a minute.
        UserError: it cannot write, or not now.
    """
    request = CompletionRequest(
        prompt=prompt,
        model=model,
        max_tokens=1,
        min_tokens=0,
        unit=unit,
        after_unit=True,
        temperature=temperature,
        seed=seed,
        user=user,
        priority=Priority.BALLOT,
        deadline=PATIENCE,
    )
    penned = await _asked(generator, request)
    if not (penned.text or penned.ended):
        raise NoAnswer(model.partition("@")[0])
    return penned


async def _asked(generator: Generator, request: CompletionRequest) -> Penned:
    """What a request gives: the unit, or where it only reads, the token ids of its prompt."""
    name = request.model.partition("@")[0]
    text, ended = "", False
    ids: tuple[int, ...] = ()
    try:
        async with generator.complete(request) as events:
            async for event in events:
                match event:
                    case Started() if request.max_tokens == 0:
                        ids = event.prompt
                    case Piece():
                        text, ids = text + event.text, ids + event.token_ids
                    case Finished():
                        ended = event.reason == "end"
                    case _:
                        pass
    except UnknownModel as fault:
        raise ModelGone(name) from fault
    except UnusableModel as fault:  # it says where the files are, which is nothing for a chat
        raise CannotWrite(name) from fault
    except (UserError, asyncio.CancelledError):
        raise
    except Exception as fault:
        log.exception("no answer", model=name)
        raise NoAnswer(name) from fault
    return Penned(text.replace("\0", "␀"), ids, ended)  # PostgreSQL refuses NUL, and nobody sees it
