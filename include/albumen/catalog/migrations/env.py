"""Alembic's environment: runs on the connection it is handed, nothing else."""

from alembic import context

from albumen.catalog.models import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
