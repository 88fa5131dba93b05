"""The tables as they are now. `migrations` leads every older database here, and a test compares the two.

What must happen only once is a unique key here, not a check in the code: what came in, the running story of a place,
the open round of a story, a person's vote in a round, the unit at a story's position, a person's consent at a place.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from storage.columns import Json, Prose, RowId, TokenIds, Utc

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

inbox: Final = Table(
    "inbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("platform", Prose, nullable=False),
    Column("update_id", Prose, nullable=False),
    Column("payload", Json, nullable=False),
    Column("at", Utc, nullable=False),
    Column("open", Boolean, nullable=False),
    UniqueConstraint("platform", "update_id"),
    Index("ix_inbox_open", "platform", "id", sqlite_where=text("open"), postgresql_where=text("open")),
    sqlite_autoincrement=True,
)

settings: Final = Table(
    "settings",
    metadata,
    Column("place", Prose, primary_key=True),
    Column("name", Prose, primary_key=True),
    Column("value", Prose, nullable=False),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", Prose, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

messages: Final = Table(
    "messages",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("room", Prose, nullable=False),
    Column("person", Prose, nullable=False),
    Column("text", Prose, nullable=False),
    Column("buttons", Json, nullable=False),
    Column("private_for", Prose),
    Column("edited", Boolean, nullable=False),
    Column("reply_to", RowId, ForeignKey("messages.id", ondelete="SET NULL")),
    Column("at", Utc, nullable=False),
    Column("event", BigInteger, nullable=False),
    Index("ix_messages_room_id", "room", "id"),
    Index("ix_messages_room_event", "room", "event", unique=True),
    Index("ix_messages_reply_to", "reply_to"),
    sqlite_autoincrement=True,
)

files: Final = Table(
    "files",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("message", RowId, ForeignKey("messages.id", ondelete="CASCADE"), nullable=False),
    Column("position", BigInteger, nullable=False),  # -1 is the message's picture
    Column("name", Prose, nullable=False),
    Column("media_type", Prose, nullable=False),
    Column("data", LargeBinary, nullable=False),
    UniqueConstraint("message", "position"),
)

texts: Final = Table(
    "texts",
    metadata,
    Column("place", Prose, primary_key=True),
    Column("model", Prose, nullable=False),
    Column("version", Prose, nullable=False),
    Column("prompt_ids", TokenIds, nullable=False),
    Column("token_ids", TokenIds, nullable=False),
    Column("text", Prose, nullable=False),
    Column("request", Json, nullable=False),
    Column("at", Utc, nullable=False),
)

stories: Final = Table(
    "stories",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("place", Prose, nullable=False),
    Column("channel", Prose),
    Column("guild", Prose),
    Column("state", Prose, nullable=False),
    Column("model", Prose, nullable=False),
    Column("version", Prose, nullable=False),
    Column("unit", Prose, nullable=False),
    Column("candidates", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("solo", Boolean, nullable=False),
    Column("temperature", Double),
    Column("label", Prose),
    Column("title_text", Prose, nullable=False),
    Column("start_ids", TokenIds, nullable=False),
    Column("started_by", Prose, nullable=False),
    Column("message", Prose),
    Column("idle_rounds", BigInteger, nullable=False),
    Column("created", Utc, nullable=False),
    Column("ended", Utc),
    Column("language", Prose, nullable=False, server_default="en"),
    CheckConstraint("state IN ('open', 'paused', 'ended')", name="state"),
    Index("ix_stories_place", "place", "id"),
    Index(
        "uq_stories_running",
        "place",
        unique=True,
        sqlite_where=text("state <> 'ended'"),
        postgresql_where=text("state <> 'ended'"),
    ),
    sqlite_autoincrement=True,
)

rounds: Final = Table(
    "rounds",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("story", RowId, ForeignKey("stories.id", ondelete="CASCADE"), nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("state", Prose, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("opened", Utc, nullable=False),
    Column("deadline", Utc),
    Column("exact", Boolean, nullable=False),
    Column("winner", BigInteger),
    Column("reason", Prose),
    Column("temperature", Double),
    Column("closed", Utc),
    CheckConstraint("state IN ('open', 'closed', 'undone', 'dropped')", name="state"),
    UniqueConstraint("story", "position", "attempt"),
    Index(
        "uq_rounds_open",
        "story",
        unique=True,
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    sqlite_autoincrement=True,
)

candidates: Final = Table(
    "candidates",
    metadata,
    Column("round", RowId, ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    Column("slot", BigInteger, primary_key=True, autoincrement=False),
    Column("text", Prose, nullable=False),
    Column("token_ids", TokenIds, nullable=False),
    Column("logprob", Double),
    Column("end", Boolean, nullable=False),
    Column("writer", Prose),
    UniqueConstraint("round", "writer"),
)

votes: Final = Table(
    "votes",
    metadata,
    Column("round", RowId, primary_key=True, autoincrement=False),
    Column("person", Prose, primary_key=True),
    Column("name", Prose, nullable=False),
    Column("slot", BigInteger, nullable=False),
    Column("at", Utc, nullable=False),
    ForeignKeyConstraint(["round", "slot"], ["candidates.round", "candidates.slot"], ondelete="CASCADE"),
    Index("ix_votes_round_slot", "round", "slot"),
)

units: Final = Table(
    "units",
    metadata,
    Column("story", RowId, ForeignKey("stories.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("round", RowId, ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("text", Prose, nullable=False),
    Column("token_ids", TokenIds, nullable=False),
)

players: Final = Table(
    "players",
    metadata,
    Column("story", RowId, ForeignKey("stories.id", ondelete="CASCADE"), primary_key=True),
    Column("person", Prose, primary_key=True),
    Column("name", Prose, nullable=False),
    Column("last_position", BigInteger, nullable=False),
)

games: Final = Table(
    "games",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("place", Prose, nullable=False),
    Column("channel", Prose),
    Column("guild", Prose),
    Column("kind", Prose, nullable=False),
    Column("state", Json, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("running", Boolean, nullable=False),
    Column("deadline", Utc),
    Column("message", Prose),
    Column("language", Prose, nullable=False),
    Column("created", Utc, nullable=False),
    Index("ix_games_place", "place", "kind", "id"),
    Index(
        "uq_games_running",
        "place",
        "kind",
        unique=True,
        sqlite_where=text("running"),
        postgresql_where=text("running"),
    ),
    sqlite_autoincrement=True,
)

turns: Final = Table(
    "turns",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("place", Prose, nullable=False),
    Column("person", Prose),
    Column("text", Prose, nullable=False),
    Column("message", Prose, nullable=False),
    Column("reply_to", Prose),
    Column("at", Utc, nullable=False),
    UniqueConstraint("place", "message"),
    Index("ix_turns_at", "at"),
    sqlite_autoincrement=True,
)

audit: Final = Table(
    "audit",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("place", Prose, nullable=False),
    Column("person", Prose, nullable=False),
    Column("action", Prose, nullable=False),
    Column("facts", Json, nullable=False),
    Column("at", Utc, nullable=False),
    Index("ix_audit_place", "place", "id"),
    sqlite_autoincrement=True,
)

consents: Final = Table(
    "consents",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("person", Prose, nullable=False),
    Column("place", Prose, nullable=False),
    Column("guild", Prose),
    Column("wording", BigInteger, nullable=False),
    Column("granted", Utc, nullable=False),
    Column("withdrawn", Utc),
    Index("ix_consents_person", "person"),
    Index("ix_consents_place", "place"),
    Index(
        "uq_consents_open",
        "person",
        "place",
        unique=True,
        sqlite_where=text("withdrawn IS NULL"),
        postgresql_where=text("withdrawn IS NULL"),
    ),
    sqlite_autoincrement=True,
)

forgotten: Final = Table(
    "forgotten",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("at", Utc, nullable=False),
)

peppers: Final = Table(
    "peppers",
    metadata,
    Column("purpose", Prose, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

logs: Final = Table(
    "logs",
    metadata,
    Column("place", Prose, primary_key=True),
    Column("guild", Prose),
    Column("on", Boolean, nullable=False),
    Column("since", Utc, nullable=False),
    Column("by", Prose, nullable=False),
    Column("permission", Prose),
    Column("history", Json),
)

names: Final = Table(
    "names",
    metadata,
    Column("place", Prose, primary_key=True),
    Column("person", Prose, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_names_person", "person"),
)

posts: Final = Table(
    "posts",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("place", Prose, nullable=False),
    Column("thread", Prose),
    Column("guild", Prose),
    Column("source", Prose, nullable=False),
    Column("person", Prose, nullable=False),
    Column("message", Prose, nullable=False),
    Column("reply_to", Prose),
    Column("at", Utc, nullable=False),
    Column("edited", Utc),
    Column("kind", Prose, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    CheckConstraint("source IN ('channel_log', 'submission', 'import')", name="source"),
    UniqueConstraint("place", "message"),
    Index("ix_posts_person", "person"),
    Index("ix_posts_place_at", "place", "at"),
    Index("ix_posts_at", "at"),
    Index(
        "ix_posts_thread",
        "thread",
        sqlite_where=text("thread IS NOT NULL"),
        postgresql_where=text("thread IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

jobs: Final = Table(
    "jobs",
    metadata,
    Column("id", Prose, primary_key=True),
    Column("place", Prose, nullable=False),
    Column("guild", Prose),
    Column("person", Prose, nullable=False),
    Column("state", Prose, nullable=False),
    Column("options", Json, nullable=False),
    Column("facts", Json, nullable=False),
    Column("message", Prose),
    Column("language", Prose, nullable=False),
    Column("asked", Utc, nullable=False),
    Column("started", Utc),
    Column("ended", Utc),
    CheckConstraint("state IN ('asked', 'queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
    Index("ix_jobs_place", "place", "asked"),
    Index("ix_jobs_state", "state", "asked"),
)

channel_models: Final = Table(
    "channel_models",
    metadata,
    Column("model", Prose, primary_key=True),
    Column("version", Prose, primary_key=True),
    Column("place", Prose, nullable=False),
    Column("guild", Prose),
    Column("job", Prose),
    Column("base", Prose, nullable=False),
    Column("facts", Json, nullable=False),
    Column("made", Utc, nullable=False),
    Column("used", Utc, nullable=False),
    Column("tainted", Utc),
    Index("ix_channel_models_place", "place"),
    Index("ix_channel_models_guild", "guild"),
)

learners: Final = Table(
    "learners",
    metadata,
    Column("model", Prose, primary_key=True),
    Column("version", Prose, primary_key=True),
    Column("person", Prose, primary_key=True),
    Column("place", Prose, primary_key=True),
    ForeignKeyConstraint(["model", "version"], ["channel_models.model", "channel_models.version"], ondelete="CASCADE"),
    Index("ix_learners_person", "person"),
)
