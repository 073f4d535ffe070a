"""PostgreSQL's two roles: one owns the tables and migrates, the other is the application and owns nothing.

Row-level security does not hold for a superuser, and the owner of a table can switch it off; so the web
processes and workers connect as a role that can do neither.
"""

from __future__ import annotations

from typing import Any

import click
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

OWNER, APPLICATION, DATABASE = "portal_owner", "portal_app", "portal"


def sql(owner: str = OWNER, application: str = APPLICATION, database: str = DATABASE) -> str:
    """Return what a database administrator runs once in psql; ``\\password`` asks for the passwords."""
    inside = "\n".join(f"{line};" for line in privileges(owner, application, database))
    return f"""\
-- Run by an administrator of the server, once: psql -f this.sql postgres
-- {owner}: owns the tables, used by portal init, db upgrade, backup, restore and upgrade only.
-- {application}: the portal itself; owns nothing, cannot pass row-level security.
CREATE ROLE {owner} LOGIN NOSUPERUSER NOBYPASSRLS;
CREATE ROLE {application} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
\\password {owner}
\\password {application}
CREATE DATABASE {database} OWNER {owner} ENCODING 'UTF8' TEMPLATE template0;
\\connect {database}
{inside}
-- then: PORTAL_DATABASE_URL=postgresql+psycopg://{application}:...@HOST/{database}
--       PORTAL_DATABASE_OWNER_URL=postgresql+psycopg://{owner}:...@HOST/{database}
"""


def privileges(owner: str, application: str, database: str) -> list[str]:
    """Return the statements that let the application read and write, run inside of the database."""
    defaults = f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT"
    return [
        f"REVOKE ALL ON DATABASE {database} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {database} TO {application}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {application}",
        f"{defaults} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {application}",
        f"{defaults} USAGE, SELECT ON SEQUENCES TO {application}",
    ]


def create_with(admin_url: str, database_url: str, owner_url: str) -> None:
    """Make both roles and the database as an administrator of the server; what is there stays.

    Raises click errors in words; a password never stands in them.
    """
    import psycopg
    from psycopg import sql as words

    admin, application, owner = (_postgresql(url) for url in (admin_url, database_url, owner_url))
    if application.database != owner.database or application.username == owner.username:
        raise click.UsageError("both URLs name one database, and two roles")
    try:
        with psycopg.connect(_conninfo(admin, admin.database or "postgres"), autocommit=True) as server:
            for url, more in ((owner, ""), (application, " NOCREATEDB NOCREATEROLE")):
                if _there(server, "pg_roles", "rolname", url.username):
                    continue
                made = words.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS" + more + " PASSWORD {}")
                server.execute(made.format(words.Identifier(url.username or ""), url.password or ""))
            if not _there(server, "pg_database", "datname", owner.database):
                made = words.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0")
                server.execute(
                    made.format(
                        words.Identifier(owner.database or ""), words.Identifier(owner.username or "")
                    )
                )
        names = (owner.username, application.username, owner.database)
        theirs, ours, base = (words.Identifier(name or "").as_string() for name in names)
        with psycopg.connect(_conninfo(admin, owner.database or "")) as inside:
            for statement in privileges(theirs, ours, base):
                inside.execute(statement.encode())
    except psycopg.Error as error:
        raise click.ClickException(f"the administrator's URL: {str(error).splitlines()[0]}") from None


def _postgresql(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "postgresql" or not url.username:
        raise click.UsageError(
            "PORTAL_DATABASE_URL (application), PORTAL_DATABASE_OWNER_URL and PORTAL_DATABASE_ADMIN_URL are "
            "all three postgresql+psycopg://role:password@host/database"
        )
    return url


def _conninfo(url: URL, database: str) -> str:
    return url.set(drivername="postgresql", database=database).render_as_string(hide_password=False)


def _there(server: Any, catalogue: str, column: str, name: str | None) -> bool:
    found = server.execute(f"SELECT 1 FROM {catalogue} WHERE {column} = %s", (name,))  # noqa: S608  our own names
    return found.fetchone() is not None
