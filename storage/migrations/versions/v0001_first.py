"""The first tables: inbox, settings, rooms, texts, stories and audit.

It names plain types and no table of `storage.schema`, which goes on changing; names of constraints come from the
convention there.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _conversations()
    _stories()
    _audit()


def _conversations() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("update_id", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.UniqueConstraint("platform", "update_id"),
        sa.Index("ix_inbox_open", "platform", "id", sqlite_where=sa.text("open"), postgresql_where=sa.text("open")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "settings",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "messages",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("buttons", sa.Text, nullable=False),
        sa.Column("private_for", sa.Text),
        sa.Column("edited", sa.Boolean, nullable=False),
        sa.Column("reply_to", ROW_ID, sa.ForeignKey("messages.id", ondelete="SET NULL")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.BigInteger, nullable=False),
        sa.Index("ix_messages_room_id", "room", "id"),
        sa.Index("ix_messages_room_event", "room", "event", unique=True),
        sa.Index("ix_messages_reply_to", "reply_to"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "files",
        sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("message", ROW_ID, sa.ForeignKey("messages.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("message", "position"),
    )
    op.create_table(
        "texts",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("prompt_ids", sa.Text, nullable=False),
        sa.Column("token_ids", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )


def _stories() -> None:
    op.create_table(
        "stories",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("guild", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("candidates", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("solo", sa.Boolean, nullable=False),
        sa.Column("temperature", sa.Double),
        sa.Column("label", sa.Text),
        sa.Column("title_text", sa.Text, nullable=False),
        sa.Column("start_ids", sa.Text, nullable=False),
        sa.Column("started_by", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("idle_rounds", sa.BigInteger, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('open', 'paused', 'ended')", name="state"),
        sa.Index("ix_stories_place", "place", "id"),
        sa.Index(
            "uq_stories_running",
            "place",
            unique=True,
            sqlite_where=sa.text("state <> 'ended'"),
            postgresql_where=sa.text("state <> 'ended'"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rounds",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("story", ROW_ID, sa.ForeignKey("stories.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("attempt", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.Column("opened", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True)),
        sa.Column("exact", sa.Boolean, nullable=False),
        sa.Column("winner", sa.BigInteger),
        sa.Column("reason", sa.Text),
        sa.Column("temperature", sa.Double),
        sa.Column("closed", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('open', 'closed', 'undone', 'dropped')", name="state"),
        sa.UniqueConstraint("story", "position", "attempt"),
        sa.Index(
            "uq_rounds_open",
            "story",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "candidates",
        sa.Column("round", ROW_ID, sa.ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("slot", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("token_ids", sa.Text, nullable=False),
        sa.Column("logprob", sa.Double),
        sa.Column("end", sa.Boolean, nullable=False),
        sa.Column("writer", sa.Text),
        sa.UniqueConstraint("round", "writer"),
    )
    op.create_table(
        "votes",
        sa.Column("round", ROW_ID, primary_key=True, autoincrement=False),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("slot", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["round", "slot"], ["candidates.round", "candidates.slot"], ondelete="CASCADE"),
        sa.Index("ix_votes_round_slot", "round", "slot"),
    )
    op.create_table(
        "units",
        sa.Column("story", ROW_ID, sa.ForeignKey("stories.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("round", ROW_ID, sa.ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False, unique=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("token_ids", sa.Text, nullable=False),
    )
    op.create_table(
        "players",
        sa.Column("story", ROW_ID, sa.ForeignKey("stories.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("last_position", sa.BigInteger, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Index("ix_audit_place", "place", "id"),
        sqlite_autoincrement=True,
    )
