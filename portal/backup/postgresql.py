"""PostgreSQL: one snapshot for the dump and the digests; a restore is one transaction of the server.

Its own programs do the work (pg_dump, pg_restore, psql). They connect as the owner of the tables, and tell
the policies of every table that all districts are meant; a row that a policy hid would be missing from dump
and digest alike, so the owner's own count of districts is compared with what the application sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import URL, make_url

from portal.backup.tables import digest
from portal.database import db
from portal.database.postgresql import ALL, READ, WRITE

ASIDE = "portal_before"
_TOKEN = "portal restore "


class ToolFailed(OSError):
    """A program of PostgreSQL is missing or said no; the message is its own first line."""


def owner() -> URL:
    """Return where the owner of the tables connects; without one, the application does."""
    return make_url(current_app.config.get("DATABASE_OWNER_URL") or db.engine.url)


def libpq(url: URL) -> dict[str, Any]:
    """Return libpq's parameters of a URL, one with several hosts (``?host=a:5432&host=b:5432``) too."""
    _, found = url.get_dialect()().create_connect_args(url)
    return dict(found)


@contextmanager
def _connected(*, autocommit: bool = False) -> Iterator[Any]:
    import psycopg

    with psycopg.connect(**libpq(owner()), autocommit=autocommit) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(f"SET {READ} = '{ALL}'".encode())
        connection.execute(f"SET {WRITE} = '{ALL}'".encode())
        if not autocommit:
            connection.commit()
        yield connection


def dump(target: Path) -> dict[str, list[Any]]:
    """Write a dump of this moment; return the digests of every table at the very same moment."""
    with _connected() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone()
        where = ["--format=custom", "--no-owner", "--no-privileges", "--enable-row-security"]
        run("pg_dump", *where, f"--snapshot={snapshot}", f"--file={target}")
        return _digests(connection)


def digests() -> dict[str, list[Any]]:
    """Return table -> [rows, digest] as it is now."""
    with _connected() as connection:
        return _digests(connection)


def _digests(connection: Any) -> dict[str, list[Any]]:
    from psycopg import sql

    found = {}
    for name in _tables(connection):
        with connection.cursor(name="rows") as cursor:
            cursor.itersize = 2000
            cursor.execute(sql.SQL("SELECT * FROM public.{}").format(sql.Identifier(name)))
            found[name] = digest(iter(cursor))
    return found


def _tables(connection: Any) -> list[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace "
        "ORDER BY relname"
    )
    return [name for (name,) in rows.fetchall()]


def counts() -> dict[str, int]:
    """Return table -> rows; empty for an empty database."""
    from psycopg import sql

    counted = sql.SQL("SELECT count(*) FROM public.{}")
    with _connected() as connection:
        return {
            name: connection.execute(counted.format(sql.Identifier(name))).fetchone()[0]
            for name in _tables(connection)
        }


def readable(path: Path) -> list[str]:
    """Return what pg_restore finds wrong with a dump, read to its end; empty for a sound one."""
    try:
        run("pg_restore", "--file=/dev/null", str(path), connect=False)
    except ToolFailed as error:
        return [str(error)]
    return []


def in_use() -> bool:
    """Tell whether anybody else is connected to the database."""
    with _connected() as connection:
        others = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            # Of another role's session only name and place are shown; the server's own have no role.
            "AND pid <> pg_backend_pid() AND usename IS NOT NULL"
        )
        return bool(others.fetchone()[0])


def replace(path: Path, token: str) -> None:
    """Put the dump's tables where the present ones are, which go aside; all of it or nothing.

    ``token`` is written down in the same transaction, so that ``arrived`` knows later.
    """
    script = path.with_suffix(".sql")
    run("pg_restore", "--no-owner", "--no-privileges", f"--file={script}", str(path), connect=False)
    whole = path.with_name("whole.sql")
    with whole.open("wb") as out, script.open("rb") as source:
        out.write(f"ALTER SCHEMA public RENAME TO {ASIDE};\nCREATE SCHEMA public;\n".encode())
        for line in source:
            if line.startswith(b"COPY "):
                out.write(line)
                break
            # Older servers let the dump make the schema that stands here already.
            out.write(b"" if line.startswith(b"CREATE SCHEMA public") else line)
        shutil.copyfileobj(source, out)
        out.write(f"\nCOMMENT ON SCHEMA public IS '{_TOKEN}{token}';\n".encode())
    script.unlink()
    run(
        "psql",
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "--single-transaction",
        "-o",
        "/dev/null",
        "-f",
        str(whole),
    )
    whole.unlink()


def arrived(token: str) -> bool:
    """Tell whether the restore of this token was committed."""
    with _connected() as connection:
        found = connection.execute("SELECT obj_description('public'::regnamespace, 'pg_namespace')")
        return bool(found.fetchone()[0] == f"{_TOKEN}{token}")


def forget_old() -> None:
    """Drop what went aside."""
    with _connected() as connection:
        connection.execute(f"DROP SCHEMA IF EXISTS {ASIDE} CASCADE".encode())


def take_back() -> None:
    """Put what went aside where it was, in one transaction."""
    with _connected() as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute(f"ALTER SCHEMA {ASIDE} RENAME TO public".encode())


def run(program: str, *arguments: str, connect: bool = True) -> None:
    """Run one of PostgreSQL's programs; its password goes by the environment, never the command line."""
    named = os.environ.get("PORTAL_POSTGRESQL_BIN")
    path = shutil.which(program, path=f"{named}:{os.environ['PATH']}" if named else None)
    if path is None:
        raise ToolFailed(f"{program} is missing: apt install postgresql-client")
    where: list[str] = []
    url = owner()
    if connect:
        from psycopg.conninfo import make_conninfo

        open_ones = {name: value for name, value in libpq(url).items() if name != "password"}
        where = [f"--dbname={make_conninfo(**open_ones)}", "--no-password"]
    environment = {**os.environ, "PGOPTIONS": f"-c {READ}={ALL} -c {WRITE}={ALL}"}
    if url.password:
        environment["PGPASSWORD"] = str(url.password)
    done = subprocess.run(
        [path, *where, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        first = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise ToolFailed(f"{program}: {first}")
