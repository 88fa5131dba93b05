"""What Alembic runs: the migrations, on the connection and in the transaction that `migrate` has opened."""

from alembic import context

from storage.migrations import VERSION_TABLE
from storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
