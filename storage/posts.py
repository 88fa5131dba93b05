"""What people gave to be learnt from: collected messages, submissions and imports, sealed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.schema import consents, posts
from storage.sealed_posts import COLUMNS, INSERT, about, post_of, row_of, values_of
from storage.sealed_posts import Post as Post
from storage.statements import insert
from storage.vault import HEAD, Vault

STORY: Final = "story"  # the kind of a text that several people give, each under an id of their own
BATCH: Final = 1000  # ids in one statement; SQLite takes 32,766 values, asyncpg 32,767


class Written(NamedTuple):
    """Who wrote a message when, and how it came here."""

    person: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages of how many people a place has."""

    place: str
    messages: int
    people: int


async def add(conn: AsyncConnection, vault: Vault, given: Sequence[Post]) -> int:
    """Keeps what was given; a message that is kept already stays as it is.

    Returns:
        How many were new.
    """
    adding = _add_to_file if conn.dialect.name == "sqlite" else _add_to_server
    return sum([await adding(conn, vault, batch) for batch in _batches(given)])


async def change(conn: AsyncConnection, vault: Vault, place: str, message: str, text: str, edited: datetime) -> bool:
    """Keeps what a message says after it was edited; False where it is not kept, or was edited later already."""
    said = (posts.c.place == place, posts.c.message == message)
    statement = select(posts.c.id, posts.c.person, posts.c.at).where(
        *said, or_(posts.c.edited.is_(None), posts.c.edited <= edited)
    )
    row = (await conn.execute(statement)).first()
    if row is None:
        return False
    sealed = vault.seal(text, about(row.person, row.at))
    await conn.execute(update(posts).where(posts.c.id == row.id).values(sealed=sealed, edited=edited))
    return True


async def delete(conn: AsyncConnection, place: str, messages: Collection[str]) -> int:
    """Deletes messages of a place, and says how many were kept."""
    deleted = 0
    for batch in _batches(messages):
        deleted += await _deleted(conn, posts.c.place == place, posts.c.message.in_(batch))
    return deleted


async def delete_of(conn: AsyncConnection, person: str, place: str | None) -> int:
    """Deletes what a person gave at a place, or everywhere where `place` is None."""
    return await _deleted(conn, posts.c.person == person, *(() if place is None else (posts.c.place == place,)))


async def delete_before(
    conn: AsyncConnection, at: datetime, limit: int = BATCH, told: Collection[int] | None = None
) -> int:
    """Deletes some of what was written before a moment, so that others get to write; how many, 0 if none is left.

    Args:
        told: only what those wrote who agree there to one of these wordings.
    """
    statement = select(posts.c.id, posts.c.place, posts.c.message, posts.c.kind).where(posts.c.at < at)
    if told is not None:
        theirs = and_(consents.c.person == posts.c.person, consents.c.place == posts.c.place)
        statement = statement.join(consents, theirs)
        statement = statement.where(consents.c.withdrawn.is_(None), consents.c.wording.in_(list(told)))
    deleted = 0
    for batch in _batches((await conn.execute(statement.limit(limit))).all()):
        for row in batch:
            deleted += await delete_story(conn, row.place, row.message) if row.kind == STORY else 0
        deleted += await _deleted(conn, posts.c.id.in_([row.id for row in batch]))
    return deleted


async def delete_story(conn: AsyncConnection, place: str, message: str) -> int:
    """Deletes a story for all who gave it, as their words are in it.

    Args:
        message: under which one of them did: `story:NUMBER:PERSON`.
    """
    beginning = message.removesuffix(message.split(":", 2)[2])
    ours = posts.c.message.startswith(beginning, autoescape=True)
    return await _deleted(conn, posts.c.place == place, posts.c.kind == STORY, ours)


async def newest(conn: AsyncConnection) -> int:
    """The id of what was kept last; 0 where nothing is."""
    return await conn.scalar(select(func.max(posts.c.id))) or 0


async def delete_between(conn: AsyncConnection, place: str, source: str, after: int, last: int) -> int:
    """Deletes what has come to a place from a source after one id was the newest, and until another one was."""
    ids = and_(posts.c.id > after, posts.c.id <= last)
    return await _deleted(conn, ids, posts.c.place == place, posts.c.source == source)


async def delete_from(conn: AsyncConnection, place: str, sources: Collection[str]) -> int:
    """Deletes all that came to a place from some sources."""
    return await _deleted(conn, posts.c.place == place, posts.c.source.in_(list(sources)))


async def count_of(conn: AsyncConnection, person: str) -> dict[str, int]:
    """How much a person gave at each place; places where it is nothing are left out."""
    statement = select(posts.c.place, func.count()).where(posts.c.person == person).group_by(posts.c.place)
    rows = await conn.execute(statement)
    return {row[0]: row[1] for row in rows}


async def places(conn: AsyncConnection) -> dict[str, str | None]:
    """Places of which something is kept, with their servers; two steps of the index for each, however much there is.

    Of a place whose newest post an export has brought that names no server, that is not known.
    """
    found: dict[str, str | None] = {}
    first = select(func.min(posts.c.place))
    place: str | None = await conn.scalar(first)
    while place is not None:
        newest = select(posts.c.guild).where(posts.c.place == place).order_by(posts.c.at.desc()).limit(1)
        found[place] = await conn.scalar(newest)
        place = await conn.scalar(first.where(posts.c.place > place))
    return found


async def written(conn: AsyncConnection, place: str, message: str) -> Written | None:
    """Whose a message of a place is; None where it is not kept."""
    statement = select(posts.c.person, posts.c.source, posts.c.at)
    row = (await conn.execute(statement.where(posts.c.place == place, posts.c.message == message))).first()
    return None if row is None else Written(*row)


async def page(
    conn: AsyncConnection,
    vault: Vault,
    place: str,
    after: tuple[datetime, int] | None,
    sources: Collection[str],
    limit: int = BATCH,
) -> list[tuple[int, Post]]:
    """Some posts of a place with their ids, in the order in which they were written.

    Args:
        after: when the last post of the page before was written, and its id; None for the first page.
        sources: from which they may come.

    Raises:
        CannotOpen: the key that has sealed one of them is not there.
    """
    statement = select(*COLUMNS).where(posts.c.place == place, posts.c.source.in_(list(sources)))
    if after is not None:
        at, last = after
        statement = statement.where(posts.c.at >= at, or_(posts.c.at > at, posts.c.id > last))
    rows = await conn.execute(statement.order_by(posts.c.at, posts.c.id).limit(limit))
    return [(row.id, post_of(vault, row)) for row in rows]


async def sealed_of(conn: AsyncConnection, person: str, after: int = 0, limit: int = BATCH) -> Sequence[Row[Any]]:
    """Some of what a person gave, as it came in: rows for `post_of`, which a thread can open meanwhile.

    Args:
        after: only posts with a larger id.
    """
    statement = select(*COLUMNS).where(posts.c.person == person, posts.c.id > after).order_by(posts.c.id)
    return (await conn.execute(statement.limit(limit))).all()


async def counts(conn: AsyncConnection, place: str | None = None) -> list[Count]:
    """How much there is at a place, or at each; a place without any is left out."""
    people = func.count(posts.c.person.distinct())
    statement = select(posts.c.place, func.count(), people).group_by(posts.c.place).order_by(posts.c.place)
    if place is not None:
        statement = statement.where(posts.c.place == place)
    return [Count(*row) for row in await conn.execute(statement)]


async def reseal(conn: AsyncConnection, vault: Vault, limit: int = BATCH, after: int = 0) -> list[int]:
    """Seals some posts anew that an old key has sealed.

    Args:
        after: only posts with a larger id.

    Returns:
        Their ids in order; empty where there are none any more.

    Raises:
        CannotOpen: the key that has sealed one of them is not there.
    """
    stale = func.substr(posts.c.sealed, 1, HEAD) != vault.head
    statement = select(*COLUMNS).where(stale, posts.c.id > after).order_by(posts.c.id).limit(limit)
    rows = (await conn.execute(statement)).all()
    if rows:
        change = update(posts).where(posts.c.id == bindparam("row")).values(sealed=bindparam("anew"))
        anew = [{"row": row.id, "anew": values_of(vault, post_of(vault, row))["sealed"]} for row in rows]
        await conn.execute(change, anew)
    return [row.id for row in rows]


async def _kept(conn: AsyncConnection, batch: Sequence[Post]) -> list[tuple[str, str]]:
    """Which of some messages are there already; all who write take turns, so none comes in between."""
    found: list[tuple[str, str]] = []
    for place in {post.place for post in batch}:
        messages = [post.message for post in batch if post.place == place]
        statement = select(posts.c.message).where(posts.c.place == place, posts.c.message.in_(messages))
        found += [(place, message) for message in (await conn.execute(statement)).scalars()]
    return found


async def _add_to_server(conn: AsyncConnection, vault: Vault, batch: Sequence[Post]) -> int:
    new = {(post.place, post.message): post for post in reversed(batch)}
    for key in await _kept(conn, batch):
        new.pop(key, None)
    if new:
        rows = [values_of(vault, post) for post in reversed(new.values())]
        await conn.execute(insert(conn, posts).on_conflict_do_nothing(), rows)
    return len(new)


async def _add_to_file(conn: AsyncConnection, vault: Vault, batch: Sequence[Post]) -> int:
    """The same at half the cost, for the millions of an import: no column's type is asked about each value."""
    sealed = vault.seal_all((post.text, about(post.person, post.at)) for post in batch)
    rows = [row_of(post, text) for post, text in zip(batch, sealed, strict=True)]
    return await conn.run_sync(lambda connection: connection.exec_driver_sql(INSERT, rows).rowcount)


async def _deleted(conn: AsyncConnection, *which: Any) -> int:
    result = await conn.execute(posts.delete().where(*which))
    return int(result.rowcount)


def _batches(items: Collection[Any]) -> Iterator[list[Any]]:
    left = iter(items)
    while batch := list(islice(left, BATCH)):
        yield batch
