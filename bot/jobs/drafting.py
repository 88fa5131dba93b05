"""What a training would be: which model it goes on from, and what there is to learn from, before anything begins."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.consent.gate import Source, root
from bot.conversation import Place
from bot.corpora.building import Built, survey
from bot.corpora.errors import EmptyCorpus, KeyLost
from bot.corpora.reading import GivenFile
from bot.home import Home
from bot.jobs import estimates
from bot.jobs.errors import TooLittleText, UnknownSource
from bot.jobs.remote import check_safe
from bot.jobs.showing import Draft
from bot.models import REMOTE, pinned
from bot.names import versioned
from bot.shelves import found
from generators.errors import Phrase, Unsupported
from generators.training import check_installed, recipe_named
from generators.training.recipes import LIGHT
from storage import channel_models

if TYPE_CHECKING:
    from bot.app import Bot

CHANNEL: Final = "channel"  # whose directories the bot may clear away; others' jobs lie in the same place
LEAST: Final = 2_000  # characters: some twenty lines; with fewer there is nothing to hold out
EPOCHS: Final = {"charrnn": 8.0, "gpt2": 2.0}  # the recipes' own, for up to …
ENOUGH: Final = {"charrnn": 500_000, "gpt2": 300_000}  # characters; longer texts are gone through less often
LEAST_EPOCHS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Base:
    """A model that a training goes on from.

    Attributes:
        name: `NAME@VERSION`.
        kind: its `model_type`.
        directory: on this machine; None where it is on another.
    """

    name: str
    kind: str
    directory: Path | None


def sources_of(typed: str | None) -> tuple[Source, ...]:
    """The sources that a person means: all, where nothing is said; else words with spaces or commas between them.

    Raises:
        UnknownSource: there is no such source.
    """
    words = (typed or "").replace(",", " ").split()
    known = tuple(Source)
    for word in words:
        if word not in known:
            raise UnknownSource(word, tuple(known))
    return tuple(dict.fromkeys(Source(word) for word in words)) or known


async def base_of(bot: Bot, place: Place, asked: str | None) -> Base:
    """The model that a training goes on from: the one that was named, else what the model here was itself made from.

    A channel's model is made anew from its base each time, so that what it has learnt is what may be learnt now.

    Raises:
        UserError: there is none, or it cannot be trained.
    """
    models = bot.models.at(place)
    info = await models.chosen(asked, None if asked else (await bot.settings.get(place)).model)
    if asked is None:
        name = pinned(info)
        while (made := await _made(bot, name)) is not None:
            name = made.base
        info = await models.find(name)
    name = pinned(info)
    trains = bot.jobs.elsewhere is not None if name.startswith(REMOTE) else info.kind in LIGHT
    if not trains:
        raise Unsupported(info.name, Phrase("be trained in a channel"))
    if name.startswith(REMOTE):
        check_safe(bot.configuration.remote.url)
    directory = None
    if not name.startswith(REMOTE):
        directory = (await asyncio.to_thread(found, bot.configuration.home, name))[1]
    return Base(name, info.kind, directory)


async def drafted(
    bot: Bot, place: Place, base: Base, sources: Collection[Source], epochs: float | None
) -> tuple[Draft, Built]:
    """What a training would learn from and take, once it is sure that it can be done here.

    Raises:
        UserError: it cannot be.
        StorageError: the text cannot be read.
    """
    if base.directory is not None:
        check_installed(recipe_named(LIGHT[base.kind]))
        estimates.check_machine(base.name, base.kind)
    files = await files_of(bot, place)
    lost = await asyncio.to_thread(bot.uploads.lost, root(place)) if Source.FILE in sources else []
    try:
        built = await survey(bot.database, bot.vault, bot.consents.ledger, root(place), sources, files)
    except EmptyCorpus as fault:
        if lost:
            raise KeyLost(lost[0]) from fault
        raise
    if built.characters < LEAST:
        raise TooLittleText(built.characters, LEAST)
    passes = epochs or default_epochs(base.kind, built.characters)
    threads = bot.configuration.training.threads
    taken = None
    if base.directory is not None:
        taken = estimates.estimate(base.directory, base.kind, built.characters, passes, threads)
        await asyncio.to_thread(estimates.check_room, Home(bot.configuration.home).jobs, taken.room)
    people = len({person for person, _ in built.people})
    found_here = Draft(
        base=versioned(base.name)[0],
        characters=built.characters,
        people=people,
        sources=built.sources,
        removed=built.removed,
        replaced=built.replaced,
        epochs=passes,
        threads=threads,
        estimate=taken,
        one_voice=built.voices == 1,
        lost=tuple(lost),
    )
    return found_here, built


def default_epochs(kind: str, characters: int) -> float:
    """Passes over a text of this size: as many as help, but no training of a night where nobody asked for it."""
    known = kind if kind in EPOCHS else "gpt2"
    return max(LEAST_EPOCHS, min(EPOCHS[known], round(EPOCHS[known] * ENOUGH[known] / max(characters, 1))))


async def plan_of(bot: Bot, place: Place, options: Mapping[str, Any]) -> dict[str, Any]:
    """What the process of a training is told; nothing in it says who or where.

    Raises:
        UserError: the base is not there any more.
    """
    home = bot.configuration.home
    base = options["base"]
    is_here = not base.startswith(REMOTE)
    directory = (await asyncio.to_thread(found, home, base))[1] if is_here else base
    plan: dict[str, Any] = {
        "for": CHANNEL,
        "name": options["name"],
        "base": str(directory),
        "base_name": base,
        "recipe": LIGHT.get(options["kind"]) if is_here else None,
        "options": {"epochs": f"{options['epochs']:g}", "threads": str(bot.configuration.training.threads)},
    }
    info = await bot.models.at(place).here((await bot.settings.get(place)).model)
    measured = info is not None and not info.name.startswith(REMOTE) and info.kind in LIGHT and is_here
    if info is not None and measured and pinned(info) != base:
        plan["current"] = str((await asyncio.to_thread(found, home, pinned(info)))[1])
        plan["current_name"] = pinned(info)
    elif info is not None and not is_here and info.name.startswith(REMOTE) and pinned(info) != base:
        plan["current_name"] = pinned(info)  # the host measures it
    return plan


async def files_of(bot: Bot, place: Place) -> list[GivenFile]:
    """The files that were given to a place to learn from, as far as they can be read.

    Raises:
        StorageError: one is sealed with a key of the vault's that is not there.
    """
    return await asyncio.to_thread(bot.uploads.of_place, root(place))


async def _made(bot: Bot, name: str) -> channel_models.ChannelModel | None:
    plain, version = versioned(name)
    return await bot.database.read(partial(channel_models.get, model=plain, version=version or ""))
