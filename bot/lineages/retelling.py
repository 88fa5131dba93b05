"""The message that told how a training ended says what has become of its version since, without a button of then."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.conversation import Message, Place
from bot.jobs.showing import measured
from bot.jobs.whereabouts import place_of
from bot.languages import translator
from bot.models import REMOTE
from bot.names import versioned
from generators.errors import Translate
from storage import channel_models, jobs

if TYPE_CHECKING:
    from bot.app import Bot
    from storage.channel_models import ChannelModel

SHOWN: Final = ("running", "done")  # it runs for a moment longer than its end is shown


class Retold(NamedTuple):
    """A message that is to say something else."""

    place: Place
    posted: str
    message: Message


async def retold(bot: Bot, row: ChannelModel, writes: bool, removed: bool = False) -> Retold | None:
    """What the message of a version's training has to say; None where there is none, or it is forgotten by now.

    Args:
        writes: whether the version writes in its channel.
        removed: whether it is gone.
    """
    job = None if row.job is None else await bot.database.read(partial(jobs.get, id=row.job))
    if job is None or job.state not in SHOWN or job.message is None:
        return None
    translate = translator(job.language)
    lines = [translate("The training of {name} is over.", name=row.model)]
    old, new = row.facts.get("measured", {}).get(row.base), row.facts.get("bits_per_character")
    if old and new is not None:
        lines.append(measured(versioned(row.base)[0], old, new, translate))
    lines.append(_state(row, writes, removed, translate))
    return Retold(place_of(job), job.message, Message("\n".join(lines)))


def is_owed(row: ChannelModel) -> bool:
    """Whether a tainted version that a host made is still to be told of; of others it shows by what lies here."""
    return row.model.startswith(REMOTE) and channel_models.RETOLD not in row.facts


async def note_retold(bot: Bot, rows: Iterable[ChannelModel]) -> None:
    """Notes that tainted versions were told of, where nothing that lies here would show it."""
    for row in filter(is_owed, rows):
        await bot.database.write(partial(channel_models.note_retold, model=row.model, version=row.version))


def _state(row: ChannelModel, writes: bool, removed: bool, translate: Translate) -> str:
    if removed:
        return translate("{model} is removed.", model=row.name)
    if row.tainted is not None:
        return translate(
            "{model} has learnt from text that somebody has withdrawn meanwhile, so it does not write.", model=row.name
        )
    if writes:
        return translate("{model} writes here now.", model=row.name)
    return translate("{model} does not write here any more.", model=row.name)
