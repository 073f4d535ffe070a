"""Schema histories: one version table and one linear folder of revisions per owner (core or plugin).

With a shared version table, removing one plugin's folder breaks every command; with labelled branches a
downgrade drops dependants. So each history stands alone, and the core's comes first.

Alembic is imported where it works: few commands look at the schema, and all would wait for it to start.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect, text

from portal.config import HOUSE
from portal.database import guards
from portal.database.core import Model, db
from portal.database.engine import as_owner
from portal.database.scope import everything

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

CORE = "core"
ENVIRONMENT = HOUSE / "migrations"
#: A number of our own among PostgreSQL's advisory locks.
_UPGRADING = 0x706F7274
#: What SQL writes by hand in a revision (full-text search): no model, so no comparison.
BY_HAND = ("search_fts", "alembic_version_", "ix_search_entry_terms", "terms_read")


def owned_by(table: str, slugs: Iterable[str]) -> str:
    """Return the owner of a table: the plugin whose slug is its prefix, else ``core``; "" for no owner."""
    if table.startswith(BY_HAND):
        return ""
    return next((slug for slug in slugs if table.startswith(f"{slug}_")), CORE)


def folders(plugins: Mapping[str, Path]) -> dict[str, Path]:
    """Return slug -> folder of revisions, the core first; ``plugins`` maps slugs to package folders."""
    found = {CORE: ENVIRONMENT / "versions"}
    for slug, package in plugins.items():
        if (package / "migrations").is_dir():
            found[slug] = package / "migrations"
    return found


def upgrade(plugins: Mapping[str, Path], *, slug: str | None = None, revision: str = "head") -> None:
    """Bring every history (or only ``slug``'s) to ``revision``."""
    from alembic import command

    for owner, folder in folders(plugins).items():
        if slug in (None, owner):
            with _command(owner, folder, plugins) as config:
                command.upgrade(config, revision)


def downgrade(plugins: Mapping[str, Path], *, slug: str, revision: str) -> None:
    """Take one history back to ``revision`` (``base``: before its first)."""
    from alembic import command

    with _command(slug, folders(plugins)[slug], plugins) as config:
        command.downgrade(config, revision)


def revise(plugins: Mapping[str, Path], *, slug: str, package: Path | None, message: str) -> Path | None:
    """Write the next revision of one history from what the models say; None when nothing changed."""
    from alembic import command
    from alembic.operations.ops import CreateTableOp

    folder = ENVIRONMENT / "versions" if slug == CORE else (package or Path()) / "migrations"
    folder.mkdir(exist_ok=True)
    empty = False

    def directives(_context: Any, _revision: Any, scripts: list[Any]) -> None:
        nonlocal empty
        if scripts[0].upgrade_ops.is_empty():
            empty, scripts[:] = True, []
            return
        for made in scripts[0].upgrade_ops.ops:
            # What a table is called on pages is said by its model; a revision knows no lazy words.
            if isinstance(made, CreateTableOp):
                made.info = {}

    with _command(slug, folder, plugins) as config:
        config.attributes["directives"] = directives
        number = f"{len(list(folder.glob('[0-9]*.py'))) + 1:04d}"
        script: Any = command.revision(config, message, autogenerate=True, rev_id=number)
    if empty or not script:
        return None
    path = Path(script.path)
    path.write_text(_with_triggers(_with_dialects(path.read_text())))
    return path


def pending(plugins: Mapping[str, Path]) -> dict[str, tuple[str | None, str | None]]:
    """Return owner -> (revision in the database, newest revision) where the two differ."""
    have = revisions(plugins)
    want = {owner: newest(folder) for owner, folder in folders(plugins).items()}
    return {owner: (have[owner], want[owner]) for owner in want if have[owner] != want[owner]}


def revisions(plugins: Mapping[str, Path]) -> dict[str, str | None]:
    """Return owner -> revision in the database.

    Asked by ``/readyz`` every few seconds. Alembic would name each version table by an object of its own:
    no statement about it is ever found again, and every one of them takes the place of a page's among the
    compiled ones that are kept.
    """
    found: dict[str, str | None] = dict.fromkeys(folders(plugins))
    with db.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())
        for owner in found:
            table = f"alembic_version_{owner}"
            if table in there:
                named = connection.dialect.identifier_preparer.quote(table)
                found[owner] = connection.scalar(text(f"SELECT version_num FROM {named}"))  # noqa: S608  quoted, of the plugins loaded
    return found


def newest(folder: Path) -> str | None:
    """Return the newest revision of a folder; its files are read again when one of them has changed."""
    files = (one.stat() for one in sorted(folder.glob("*.py")))
    return _newest(folder, tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in files))


@lru_cache(maxsize=64)
def _newest(folder: Path, _files: tuple[tuple[int, ...], ...]) -> str | None:
    return _scripts(folder).get_current_head()


def _scripts(folder: Path) -> ScriptDirectory:
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(ENVIRONMENT), version_locations=[str(folder)])


def strangers(plugins: Mapping[str, Path], found: Mapping[str, str | None]) -> list[str]:
    """Return what in ``found`` (owner -> revision) this code does not know: newer, or of a missing plugin."""
    known = {}
    for owner, folder in folders(plugins).items():
        known[owner] = {one.revision for one in _scripts(folder).walk_revisions()}
    return [
        f"{owner} {revision}"
        for owner, revision in found.items()
        if revision is not None and revision not in known.get(owner, ())
    ]


def differences(plugins: Mapping[str, Path]) -> list[Any]:
    """Return where the database and the models disagree, for all owners."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, _kind, _parents: not (name or "").startswith(BY_HAND)},
        )
        return list(compare_metadata(context, Model.metadata))


@contextmanager
def _command(slug: str, folder: Path, plugins: Mapping[str, Path]) -> Iterator[Config]:
    from alembic.config import Config

    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(folder))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    # A revision may move rows of every district.
    with everything(), as_owner() as connection, _without_foreign_keys(connection):
        if connection.dialect.name == "postgresql":
            # Two that upgrade at once: the second finds nothing left to do. SQLite has its one writer.
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADING})"))
        config.attributes.update(
            connection=connection, slug=slug, slugs=tuple(plugins), metadata=Model.metadata
        )
        yield config


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Keep SQLite's batch mode from deleting child rows; check the keys afterwards."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # On the raw connection: inside a transaction the pragma would silently do nothing.
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        broken = raw.execute("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"rows without their parent after the migration: {broken[:5]}")
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _with_dialects(text: str) -> str:
    """Say of the constraints that only one database knows which one it is; autogeneration leaves that out."""
    for table in Model.metadata.tables.values():
        for constraint in table.constraints:
            only: Any = getattr(constraint, "_ddl_if", None)
            if only is not None and constraint.name:
                named = re.compile(rf"""(name=op\.f\((["']){re.escape(str(constraint.name))}\2\)\))""")
                text = named.sub(rf"\1.ddl_if(dialect={only.dialect!r})", text)
    return text


def _with_triggers(text: str) -> str:
    """Add the guards of each created table, in both dialects, to the end of ``upgrade``."""
    lines = text.split("\n")
    tables = [line.split('"')[1] if '"' in line else line.split("'")[1] for line in _created(lines)]
    body = []
    for dialect in ("sqlite", "postgresql"):
        statements = [one for table in tables for one in guards.statements(table, dialect)]
        if statements:
            body += [f'    if op.get_bind().dialect.name == "{dialect}":', "        for statement in ("]
            body += [f"            {one!r}," for one in statements]
            body += ["        ):", "            op.execute(statement)"]
    if not body:
        return text
    end = lines.index("def downgrade() -> None:")
    lines[end:end] = [*body, "", ""]
    # Dropping a table takes its triggers along, but not the full-text table beside it.
    beside = [
        one.split()[3]
        for table in tables
        for one in guards.statements(table, "sqlite")
        if one.startswith("CREATE VIRTUAL TABLE")
    ]
    drops = [f'        op.execute("DROP TABLE IF EXISTS {name}")' for name in beside]
    if drops:
        start = lines.index("def downgrade() -> None:") + 1
        lines[start:start] = ['    if op.get_bind().dialect.name == "sqlite":', *drops]
    return "\n".join(lines)


def _created(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if line.strip().startswith("op.create_table("):
            yield line if "'" in line or '"' in line else lines[number + 1]
