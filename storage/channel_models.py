"""The models that channels have made, and whose text each version has learnt from."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.below import Places
from storage.schema import channel_models, consents, learners

ORPHAN: Final = "orphan"  # in the facts of a version: the place that it was made for is gone
RETOLD: Final = "retold"  # in the facts of a tainted version: the message of its training says so


@dataclass(frozen=True, slots=True)
class ChannelModel:
    """A version of a model that a training has made for a place.

    Attributes:
        model: its name.
        version: of which this is one.
        place: the key of the channel that it was made for.
        guild: the key of the server that the channel belongs to.
        base: what it was trained from, as `NAME@VERSION`.
        made: when.
        used: when it last wrote, or went into use.
        facts: recipe, metrics, sources, state of the ledger, memorisation, as JSON.
        job: the id of the training.
        tainted: since when it must not be used, because somebody whose text it has learnt from has withdrawn.
    """

    model: str
    version: str
    place: str
    guild: str | None
    base: str
    made: datetime
    used: datetime
    facts: dict[str, Any] = field(default_factory=dict)
    job: str | None = None
    tainted: datetime | None = None

    @property
    def name(self) -> str:
        """The version as `base` would name it."""
        return f"{self.model}@{self.version}"


COLUMNS: Final = tuple(channel_models.c[name] for name in ChannelModel.__dataclass_fields__)
NEWEST: Final = (channel_models.c.made.desc(), channel_models.c.model, channel_models.c.version)


async def add(
    conn: AsyncConnection,
    model: ChannelModel,
    learnt_from: Collection[tuple[str, str]],
    read: datetime | None = None,
) -> ChannelModel:
    """Keeps a version, and whose text it has learnt from.

    It is tainted from the start where its base is, or where one of those people has no open consent any more: they may
    have withdrawn while it was trained. Who has been forgotten meanwhile is not named again.

    Args:
        learnt_from: persons and places, as `consents` has them.
        read: when the text was read: a consent that was granted later does not count, as the one before it was
            withdrawn.

    Returns:
        The version as it is kept.
    """
    if model.tainted is None and await _is_tainted(conn, model, learnt_from, read):
        model = replace(model, tainted=model.made)
    values = {name: getattr(model, name) for name in ChannelModel.__dataclass_fields__}
    await conn.execute(insert(channel_models).values(**values))
    version = {"model": model.model, "version": model.version}
    known = await _known(conn, learnt_from)
    if rows := [{**version, "person": person, "place": place} for person, place in sorted(known)]:
        await conn.execute(insert(learners), rows)
    return model


async def get(conn: AsyncConnection, model: str, version: str) -> ChannelModel | None:
    """A version of a model."""
    row = (await conn.execute(select(*COLUMNS).where(_is(model, version)))).first()
    return None if row is None else ChannelModel(*row)


async def of_place(conn: AsyncConnection, place: str) -> list[ChannelModel]:
    """The versions that were made for a place, newest first."""
    return await _found(conn, channel_models.c.place == place)


async def of_guild(conn: AsyncConnection, guild: str) -> list[ChannelModel]:
    """The versions that were made for the places of a guild, newest first."""
    return await _found(conn, channel_models.c.guild == guild)


async def every(conn: AsyncConnection) -> list[ChannelModel]:
    """All versions, newest first."""
    return await _found(conn)


async def learners_of(conn: AsyncConnection, model: str, version: str) -> list[tuple[str, str]]:
    """The persons and places whose text a version has learnt from."""
    statement = select(learners.c.person, learners.c.place).where(
        learners.c.model == model, learners.c.version == version
    )
    rows = await conn.execute(statement.order_by(learners.c.place, learners.c.person))
    return [(person, place) for person, place in rows]


async def learnt_from(conn: AsyncConnection, person: str) -> list[ChannelModel]:
    """The versions that have learnt from a person's text, newest first."""
    versions = select(learners.c.model, learners.c.version).where(learners.c.person == person)
    return await _found(conn, tuple_(channel_models.c.model, channel_models.c.version).in_(versions))


async def touch(conn: AsyncConnection, model: str, version: str, at: datetime) -> None:
    """Notes that a version is used."""
    await conn.execute(update(channel_models).where(_is(model, version)).values(used=at))


async def describe(conn: AsyncConnection, model: str, version: str, facts: dict[str, Any]) -> None:
    """Keeps other facts of a version."""
    await conn.execute(update(channel_models).where(_is(model, version)).values(facts=facts))


async def note_retold(conn: AsyncConnection, model: str, version: str) -> None:
    """Notes that the message of a version's training says that it is tainted."""
    kept = await get(conn, model, version)
    if kept is not None:
        await describe(conn, model, version, {**kept.facts, RETOLD: True})


async def taint(
    conn: AsyncConnection, withdrawn: Collection[tuple[str, str | None]], at: datetime
) -> list[ChannelModel]:
    """Marks the versions that learnt from some people at some places, and all that were trained from such a version.

    Args:
        withdrawn: persons with a place each; None for what they wrote anywhere.

    Returns:
        Those that were not marked before, as they are now, newest first.
    """
    learnt: set[tuple[str, str]] = set()
    for person, place in withdrawn:
        here = () if place is None else (learners.c.place == place,)
        statement = select(learners.c.model, learners.c.version).where(learners.c.person == person, *here)
        learnt.update((model, version) for model, version in await conn.execute(statement))
    return await _mark(conn, learnt, at)


async def taint_at(conn: AsyncConnection, places: Places, at: datetime) -> list[ChannelModel]:
    """The same for all that was made for, or learnt at, places that are gone."""
    found: set[tuple[str, str]] = set()
    for table in (channel_models, learners):
        statement = select(table.c.model, table.c.version).where(places.hold(table)).distinct()
        found.update((model, version) for model, version in await conn.execute(statement))
    return await _mark(conn, found, at)


async def orphan(conn: AsyncConnection, places: Places) -> None:
    """Notes of the versions that were made for places that are gone that nobody is left who could remove them."""
    for row in await _found(conn, places.hold(channel_models)):
        await describe(conn, row.model, row.version, {**row.facts, ORPHAN: True})


async def remove(conn: AsyncConnection, model: str, version: str) -> bool:
    """Forgets a version, and whose text it has learnt from; False where there was none."""
    statement = delete(channel_models).where(_is(model, version)).returning(channel_models.c.model)
    return (await conn.execute(statement)).first() is not None


async def _known(conn: AsyncConnection, people: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of whom there is a consent, be it withdrawn."""
    places = {place for _, place in people}
    statement = select(consents.c.person, consents.c.place).where(consents.c.place.in_(places)).distinct()
    return {(person, place) for person, place in await conn.execute(statement)} & set(people)


async def _is_tainted(
    conn: AsyncConnection, model: ChannelModel, learnt_from: Collection[tuple[str, str]], read: datetime | None
) -> bool:
    name, _, version = model.base.rpartition("@")
    base = await get(conn, name, version)
    if base is not None and base.tainted is not None:
        return True
    for place in {place for _, place in learnt_from}:
        agreeing = await _agreeing(conn, place, read)
        if any(person not in agreeing for person, where in learnt_from if where == place):
            return True
    return False


async def _agreeing(conn: AsyncConnection, place: str, since: datetime | None) -> set[str]:
    """Who has agreed at a place without a gap since a moment; None for whoever agrees now.

    Who agrees to more closes one consent and opens the next in the same moment.
    """
    columns = (consents.c.person, consents.c.granted, consents.c.withdrawn)
    statement = (
        select(*columns).where(consents.c.place == place).order_by(consents.c.granted.desc(), consents.c.id.desc())
    )
    begun: dict[str, datetime] = {}
    for person, granted, withdrawn in await conn.execute(statement):
        if withdrawn is None or withdrawn == begun.get(person):
            begun[person] = granted
    return {person for person, granted in begun.items() if since is None or granted <= since}


async def _mark(conn: AsyncConnection, learnt: set[tuple[str, str]], at: datetime) -> list[ChannelModel]:
    """Marks versions and their descendants; there are few, so the families are followed here."""
    if not learnt:
        return []
    models = await every(conn)
    names = {f"{model}@{version}" for model, version in learnt}
    while more := {model.name for model in models if model.base in names} - names:
        names |= more
    marked = [replace(model, tainted=at) for model in models if model.name in names and model.tainted is None]
    for model in marked:
        await conn.execute(update(channel_models).where(_is(model.model, model.version)).values(tainted=at))
    return marked


async def _found(conn: AsyncConnection, *which: ColumnElement[bool]) -> list[ChannelModel]:
    return [ChannelModel(*row) for row in await conn.execute(select(*COLUMNS).where(*which).order_by(*NEWEST))]


def _is(model: str, version: str) -> ColumnElement[bool]:
    return and_(channel_models.c.model == model, channel_models.c.version == version)
