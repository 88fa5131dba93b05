"""What Discord and Telegram need: a story's language, games that keep their state in one value, turns of talk."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("stories", sa.Column("language", sa.Text, nullable=False, server_default="en"))
    op.create_table(
        "games",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("channel", sa.Text),
        sa.Column("guild", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("running", sa.Boolean, nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True)),
        sa.Column("message", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Index("ix_games_place", "place", "kind", "id"),
        sa.Index(
            "uq_games_running",
            "place",
            "kind",
            unique=True,
            sqlite_where=sa.text("running"),
            postgresql_where=sa.text("running"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "turns",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("person", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("reply_to", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("place", "message"),
        sa.Index("ix_turns_at", "at"),
        sqlite_autoincrement=True,
    )
