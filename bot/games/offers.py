"""What a model offers to go on with."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from bot.games.errors import NoAnswer, NothingOffered, WriterGone, WriterWithdrawn
from bot.games.moves import Offer
from bot.games.records import candidate_rows
from bot.visibility import OutOfUse
from generators.candidates import candidates, score
from generators.completion import Alternative, Generator, Unit
from generators.errors import UnknownModel, UserError
from storage.stories import Story

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FirstOffer:
    """The candidates of a first round, and what the model made of the prompt.

    Attributes:
        model, version: what offers.
        token_ids: of the prompt, as far as the model reads it.
        dropped: tokens of its front that the model cannot look back on.
    """

    offer: Offer
    model: str
    version: str
    token_ids: tuple[int, ...]
    dropped: int


async def offered(
    generator: Generator,
    *,
    model: str,
    prompt: str | tuple[int, ...],
    unit: Unit,
    after_unit: bool = False,
    n: int,
    seed: int,
    label: str | None,
    user: str,
) -> FirstOffer:
    """The likeliest ways to go on.

    Raises:
        UserError: the model cannot do it, or not now; `NoAnswer` where the fault is not the person's.
    """
    try:
        found = await candidates(
            generator,
            model=model,
            prompt=prompt,
            unit=unit,
            after_unit=after_unit,
            n=n,
            seed=seed,
            label=label,
            user=user,
        )
    except (UserError, asyncio.CancelledError):
        raise
    except Exception as fault:
        log.exception("no candidates", model=model)
        raise NoAnswer(model) from fault
    rows = candidate_rows(found.alternatives, unit)
    if not rows:
        raise NothingOffered(model)
    return FirstOffer(Offer(rows, seed, found.exact), found.model, found.version, found.prompt, found.dropped)


async def next_offer(generator: Generator, story: Story, token_ids: tuple[int, ...], seed: int) -> Offer:
    """The candidates of a story's next round, from the very model that began it.

    Raises:
        WriterGone: it is not there any more, or is out of use.
        UserError: as `offered` does.
    """
    try:
        first = await offered(
            generator,
            model=pinned(story),
            prompt=token_ids,
            unit=Unit(story.unit),
            after_unit=len(token_ids) > len(story.start_ids),
            n=story.candidates,
            seed=seed,
            label=story.label,
            user=story.place,
        )
    except UnknownModel as fault:
        raise WriterGone(story.model, story.version) from fault
    except OutOfUse as fault:
        raise WriterWithdrawn(story.model, story.version) from fault
    return first.offer


async def scored(generator: Generator, story: Story, token_ids: tuple[int, ...], text: str) -> Alternative:
    """A write-in as the model reads it, with the model's own probability.

    Raises:
        WriterGone: the model is not there any more, or is out of use.
        UserError: the model cannot do it, or not now.
    """
    try:
        return await score(
            generator,
            model=pinned(story),
            prompt_ids=token_ids,
            text=text,
            unit=Unit(story.unit),
            label=story.label,
            user=story.place,
        )
    except UnknownModel as fault:
        raise WriterGone(story.model, story.version) from fault
    except OutOfUse as fault:
        raise WriterWithdrawn(story.model, story.version) from fault
    except (UserError, asyncio.CancelledError):
        raise
    except Exception as fault:
        log.exception("no score", model=story.model)
        raise NoAnswer(story.model) from fault


def pinned(story: Story) -> str:
    """The story's model in the version that it began with: its token ids mean nothing to another."""
    return f"{story.model}@{story.version}" if story.version else story.model
