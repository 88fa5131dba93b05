"""Who may know of a model: those that ship and the operator's own are everybody's, a channel's are its server's.

Every name of a model that a place is offered or may type goes through `Models.at(place)`, which asks here; nothing else
decides it. What cannot be told to belong to nobody is shown to nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.models import REMOTE
from generators.directory import read_json
from generators.errors import Translate, UnusableModel, UserError, english
from storage import channel_models
from storage.channel_models import ChannelModel
from storage.database import Database

if TYPE_CHECKING:
    from bot.conversation import Place
    from generators.completion import ModelInfo

RECORD: Final = "planchette.json"  # in a version's directory, and beside the versions of a name
TUNED: Final = ("ft:", "ft-", "channel-")  # how names begin that a host gives to what was trained on it


@dataclass(eq=False)
class OutOfUse(UserError):
    """A model that learnt from somebody who has withdrawn."""

    name: str

    def sentence(self, translate: Translate = english) -> str:
        return translate(
            "The model {name} learnt from somebody who has withdrawn that, so it is out of use; "
            "/train start makes one without it.",
            name=self.name,
        )


class Owner(NamedTuple):
    """Whose model it is: the key of a channel, and of the server that it belongs to."""

    place: str
    guild: str | None

    def shares_with(self, other: Owner) -> bool:
        """Whether somebody there may know of it: the same server, or without servers the same channel."""
        return self.place == other.place or (self.guild is not None and self.guild == other.guild)


def owner_of(place: Place) -> Owner:
    """To whom a model that is made in a place belongs: threads share their channel's."""
    guild = None if place.guild is None else f"{place.platform}:{place.guild}"
    return Owner(f"{place.platform}:{place.channel or place.id}", guild)


class Visibility:
    """Which of the models that there are a place may know of.

    Args:
        database: has the models that channels have made.
        models: the directory of `NAME/VERSION/`, whose records name their owners too.
    """

    def __init__(self, database: Database, models: Path) -> None:
        self._database = database
        self._models = models

    async def seen(self, listed: Sequence[ModelInfo], place: Place | None) -> list[ModelInfo]:
        """Those of the listed models that may be known in a place; in none, only those that are nobody's."""
        here = None if place is None else owner_of(place)
        rows = await self._database.read(channel_models.every)
        tainted = {(row.model, row.version) for row in rows if row.tainted is not None}
        stamped = await asyncio.to_thread(self._stamped, listed)
        owners = stamped | {
            row.model: {Owner(row.place, row.guild)} for row in rows
        }  # records do not move with a place
        return [
            info
            for info in listed
            if (info.name, info.version) not in tainted and _may_know(info.name, owners.get(info.name), here)
        ]

    async def may_know(self, name: str, place: Place | None) -> bool:
        """Whether a model of that name, if there is one, may be known in a place."""
        rows = await self._database.read(channel_models.every)
        owners = {Owner(row.place, row.guild) for row in rows if row.model == name}
        if not owners and not name.startswith((REMOTE, ".")):
            owners = await asyncio.to_thread(self._stamps, name)
        return _may_know(name, owners, None if place is None else owner_of(place))

    async def known(self, place: Place) -> list[ChannelModel]:
        """The versions of channels' models that may be known in a place, newest first, tainted ones too."""
        here = owner_of(place)
        rows = await self._database.read(channel_models.every)
        return [row for row in rows if Owner(row.place, row.guild).shares_with(here)]

    async def check(self, name: str, version: str | None, place: Place | None) -> None:
        """Makes sure that a model which may be known in a place may write.

        Args:
            version: None for whichever is in use.

        Raises:
            OutOfUse: it is tainted, or where no version is named, all of them are.
        """
        rows = [] if place is None else [row for row in await self.known(place) if row.model == name]
        asked = [row for row in rows if version in (None, row.version)]
        if asked and all(row.tainted is not None for row in asked):
            raise OutOfUse(name if version is None else f"{name}@{version}")

    def _stamped(self, listed: Iterable[ModelInfo]) -> dict[str, set[Owner]]:
        """Owners of those that are directories here, as their records name them."""
        found: dict[str, set[Owner]] = {}
        for info in listed:
            if not info.shipped and not info.name.startswith(REMOTE):
                home = self._models / info.name
                stamps = (_stamp(home), _stamp(home / info.version))
                found[info.name] = {owner for owner in stamps if owner is not None}
        return found

    def _stamps(self, name: str) -> set[Owner]:
        """Owners that a name and its versions have by their records."""
        home = self._models / name
        if home.parent != self._models or not home.is_dir():  # no way out of the models
            return set()
        stamps = (_stamp(directory) for directory in (home, *home.iterdir()) if directory.is_dir())
        return {owner for owner in stamps if owner is not None}


def stamp(owner: Owner) -> dict[str, str | None]:
    """What the record of a channel's model says of its owner."""
    return {"place": owner.place, "guild": owner.guild}


def is_a_channels(directory: Path) -> bool:
    """Whether the models of a `NAME/` are a channel's, by their record; one that cannot be read may be."""
    return _stamp(directory) is not None


def _stamp(directory: Path) -> Owner | None:
    try:
        record = read_json(directory, RECORD, required=False)
    except UnusableModel:  # whose it is cannot be read: nobody's that is here
        return Owner("", None)
    place, guild = record.get("place"), record.get("guild")
    if place is None and guild is None:
        return None
    return Owner(str(place), None if guild is None else str(guild))


def _may_know(name: str, owners: Collection[Owner] | None, here: Owner | None) -> bool:
    """Whether a model may be known: one that has an owner, only at its owner's."""
    if owners:
        return here is not None and all(owner.shares_with(here) for owner in owners)
    return not name.removeprefix(REMOTE).startswith(TUNED) if name.startswith(REMOTE) else True
