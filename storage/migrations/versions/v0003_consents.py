"""What retraining with consent needs: consents, collected posts, trainings, and what they made of whose text."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _texts()
    _trainings()


def _texts() -> None:
    op.create_table(
        "consents",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("guild", sa.Text),
        sa.Column("wording", sa.BigInteger, nullable=False),
        sa.Column("granted", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn", sa.DateTime(timezone=True)),
        sa.Index("ix_consents_person", "person"),
        sa.Index("ix_consents_place", "place"),
        sa.Index(
            "uq_consents_open",
            "person",
            "place",
            unique=True,
            sqlite_where=sa.text("withdrawn IS NULL"),
            postgresql_where=sa.text("withdrawn IS NULL"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "peppers",
        sa.Column("purpose", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "logs",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("guild", sa.Text),
        sa.Column("on", sa.Boolean, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("permission", sa.Text),
        sa.Column("history", sa.Text),
    )
    op.create_table(
        "names",
        sa.Column("place", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Index("ix_names_person", "person"),
    )
    op.create_table(
        "posts",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("thread", sa.Text),
        sa.Column("guild", sa.Text),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("reply_to", sa.Text),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited", sa.DateTime(timezone=True)),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.CheckConstraint("source IN ('channel_log', 'submission', 'import')", name="source"),
        sa.UniqueConstraint("place", "message"),
        sa.Index("ix_posts_person", "person"),
        sa.Index("ix_posts_place_at", "place", "at"),
        sa.Index("ix_posts_at", "at"),
        sa.Index(
            "ix_posts_thread",
            "thread",
            sqlite_where=sa.text("thread IS NOT NULL"),
            postgresql_where=sa.text("thread IS NOT NULL"),
        ),
        sqlite_autoincrement=True,
    )


def _trainings() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("guild", sa.Text),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("message", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started", sa.DateTime(timezone=True)),
        sa.Column("ended", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state IN ('asked', 'queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
        sa.Index("ix_jobs_place", "place", "asked"),
        sa.Index("ix_jobs_state", "state", "asked"),
    )
    op.create_table(
        "channel_models",
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("guild", sa.Text),
        sa.Column("job", sa.Text),
        sa.Column("base", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tainted", sa.DateTime(timezone=True)),
        sa.Index("ix_channel_models_place", "place"),
        sa.Index("ix_channel_models_guild", "guild"),
    )
    op.create_table(
        "learners",
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("place", sa.Text, primary_key=True),
        sa.ForeignKeyConstraint(
            ["model", "version"], ["channel_models.model", "channel_models.version"], ondelete="CASCADE"
        ),
        sa.Index("ix_learners_person", "person"),
    )
