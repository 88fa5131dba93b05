"""Which stored rows belong to a place, to the threads below it, or to a guild."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Table, false, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import channel_models, consents, games, jobs, logs, stories

LEARNING: Final = (consents, logs, jobs, channel_models)  # tables that name channels and guilds by their keys


@dataclass(frozen=True, slots=True)
class Places:
    """Some places and all that is below them.

    Attributes:
        keys: of those that are known.
        prefixes: with which the keys of further ones begin.
    """

    keys: frozenset[str]
    prefixes: tuple[str, ...]

    def hold(self, table: Table, column: str = "place") -> ColumnElement[bool]:
        """Whether a row belongs to one of them, by the column that names its place."""
        beginnings = [table.c[column].startswith(prefix, autoescape=True) for prefix in self.prefixes]
        return or_(table.c[column].in_(self.keys), *beginnings)


async def guilds_of(conn: AsyncConnection, platform: str) -> set[str]:
    """Guilds of a platform in which something runs, or may be learnt from."""
    found: set[str] = set()
    for table, runs in ((stories, stories.c.state != "ended"), (games, games.c.running)):
        here = table.c.place.startswith(f"{platform}:", autoescape=True)
        statement = select(table.c.guild).where(here, runs, table.c.guild.is_not(None))
        found.update((await conn.execute(statement.distinct())).scalars())
    for table in LEARNING:
        statement = select(table.c.guild).where(table.c.guild.startswith(f"{platform}:", autoescape=True)).distinct()
        found.update(key.removeprefix(f"{platform}:") for key in (await conn.execute(statement)).scalars())
    return found


async def places_of(conn: AsyncConnection, platform: str, ids: Iterable[str], guild: str | None = None) -> Places:
    """Places of a platform with the threads below them, and all places of a guild and the guild itself.

    A thread is known by what was played in it, or by an id that begins with its channel's and a colon.
    """
    ids = tuple(ids)
    keys = {f"{platform}:{id_}" for id_ in ids} | (set() if guild is None else {f"{platform}:{guild}"})
    for table in (stories, games):
        theirs = or_(table.c.channel.in_(ids), false() if guild is None else table.c.guild == guild)
        statement = select(table.c.place).where(table.c.place.startswith(f"{platform}:", autoescape=True), theirs)
        keys.update((await conn.execute(statement.distinct())).scalars())
    for table in () if guild is None else LEARNING:
        statement = select(table.c.place).where(table.c.guild == f"{platform}:{guild}").distinct()
        keys.update((await conn.execute(statement)).scalars())
    return Places(frozenset(keys), tuple(f"{platform}:{id_}:" for id_ in ids))
