"""A post as a row of its table: all but its text as it is, and the text sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row

from storage.columns import storable
from storage.schema import posts
from storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Post:
    """A text that a person gave.

    Attributes:
        place: the channel's key.
        guild: the key of the server that the channel belongs to.
        source: `channel_log`, `submission` or `import`.
        person: the key of who wrote it.
        message: its id on the platform; a place has each once.
        at: when it was written.
        text: what it says.
        reply_to: the message that it answers.
        edited: when it was last changed.
        kind: `chat`, `text` or `story`.
        thread: the key of the thread or topic of the channel in which it was written.
    """

    place: str
    guild: str | None
    source: str
    person: str
    message: str
    at: datetime
    text: str
    reply_to: str | None = None
    edited: datetime | None = None
    kind: str = "chat"
    thread: str | None = None


PLAIN: Final = tuple(name for name in Post.__dataclass_fields__ if name != "text")
INSERT: Final = (
    "INSERT INTO posts (place, guild, source, person, message, reply_to, at, edited, kind, thread, sealed) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
STAMP: Final = len("2026-01-31 12:00:00.000000")
COLUMNS: Final = (posts.c.id, posts.c.sealed, *(posts.c[name] for name in PLAIN))


def row_of(post: Post, sealed: bytes) -> tuple[object, ...]:
    """What the columns of `INSERT` make of a post, type by type."""
    return (
        storable(post.place),
        None if post.guild is None else storable(post.guild),
        post.source,
        storable(post.person),
        storable(post.message),
        None if post.reply_to is None else storable(post.reply_to),
        _moment(post.at),
        None if post.edited is None else _moment(post.edited),
        post.kind,
        None if post.thread is None else storable(post.thread),
        sealed,
    )


def _moment(at: datetime) -> str:
    """As SQLAlchemy stores a moment in SQLite: in UTC, without the zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC).isoformat(" ", "microseconds")[:STAMP]


def values_of(vault: Vault, post: Post) -> dict[str, Any]:
    """A post as its columns take it."""
    plain = {name: getattr(post, name) for name in PLAIN}
    return {**plain, "sealed": vault.seal(post.text, about(post.person, post.at))}


def post_of(vault: Vault, row: Row[Any]) -> Post:
    """A row of `COLUMNS` as a post.

    Raises:
        CannotOpen: the key that has sealed it is not there.
    """
    plain = {name: getattr(row, name) for name in PLAIN}
    return Post(**plain, text=vault.unseal(row.sealed, about(row.person, row.at)))


def about(person: str, at: datetime) -> str:
    """What a sealed text is bound to: who wrote it, and when; places move, and their messages are numbered anew."""
    return f"post {at.astimezone(UTC).isoformat()} {person}"
