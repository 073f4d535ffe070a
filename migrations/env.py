"""One environment for every schema history: the core's and each plugin's, told apart by ``slug``."""

from __future__ import annotations

from typing import Any

from alembic import context
from sqlalchemy import JSON

from portal.database.history import BY_HAND, owned_by
from portal.database.types import Fen, UtcDateTime

options = context.config.attributes
slug, slugs = options["slug"], options["slugs"]


def _own(name: str | None, kind: str, _parents: object) -> bool:
    if kind == "column":
        return not (name or "").startswith(BY_HAND)
    return kind != "table" or owned_by(name or "", slugs) == slug


def _own_object(_thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    return kind != "table" or owned_by(name or "", slugs) == slug


def _render(kind: str, thing: object, autogen: Any) -> str | bool:
    """Write plain SQLAlchemy types: a revision must not change its meaning when the code does."""
    if kind != "type":
        return False
    if isinstance(thing, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if isinstance(thing, Fen):
        return "sa.BigInteger()"
    if isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=options["connection"],
    target_metadata=options["metadata"],
    version_table=f"alembic_version_{slug}",
    render_as_batch=True,
    compare_type=False,
    render_item=_render,
    include_name=_own,
    include_object=_own_object,
    process_revision_directives=options.get("directives"),
)
with context.begin_transaction():
    context.run_migrations()
