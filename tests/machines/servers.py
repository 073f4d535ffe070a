"""PostgreSQL on a machine of the test: a primary, and a replica made of it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from portal.testing.server import APPLICATION, OWNER, binaries
from tests.machines.places import Place, family, until

#: What every commit of the primary waits for: the replica has it on its disk.
SYNCHRONOUS = {"synchronous_commit": "on", "synchronous_standby_names": "*"}


class Postgres:
    """One server; its settings are given at each start and stand in no file that a replica copies."""

    def __init__(self, place: Place, *, data: Path | None = None) -> None:
        """``data``: on a disk of its own; the write-ahead log stays beside the server's own files."""
        self.place, self.port = place, place.port(5432)
        self.folder = Path(tempfile.mkdtemp(prefix="portal-machines-"))
        self.data = data or self.folder / "data"
        # PostgreSQL refuses to run as root.
        self._user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups")
        if os.geteuid() != 0:
            self._user = ()
        else:
            shutil.chown(self.folder, "postgres", "postgres")
        self.process: subprocess.Popen[bytes] | None = None

    def create(self, **settings: str) -> None:
        """Make an empty server with the portal's two roles and its database, and start it."""
        words = [
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            f"--waldir={self.folder / 'wal'}",
        ]
        self._tool("initdb", "--no-sync", *words)
        with (self.data / "pg_hba.conf").open("a") as access:
            access.write("host all all 10.213.0.0/16 trust\nhost replication all 10.213.0.0/16 trust\n")
        self.start(**settings)
        self.sql(f"CREATE ROLE {OWNER} LOGIN")
        self.sql(f"CREATE ROLE {APPLICATION} LOGIN")
        self.sql(f"CREATE DATABASE portal OWNER {OWNER}")
        self.sql(f"ALTER SCHEMA public OWNER TO {OWNER}", database="portal")

    def follow(self, primary: Postgres) -> None:
        """Become a copy of ``primary`` that goes on receiving what it commits."""
        host, port = primary.place.address, str(primary.port)
        words = ("-h", host, "-p", port, "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")
        self._tool("pg_basebackup", *words)
        self.start()

    def start(self, **settings: str) -> None:
        """Start the server and wait until it takes connections."""
        given = {
            "listen_addresses": "*" if self.place.prefix else "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "max_connections": "100",
            "shared_buffers": "64MB",
            # The machines' power never fails here, only their processes: the disk need not be waited for.
            "fsync": "off",
            "full_page_writes": "off",
            "wal_level": "replica",
            "wal_sender_timeout": "5s",
            "autovacuum_naptime": "5s",
            "timezone": "UTC",
            **settings,
        }
        argv = [*self._user, str(binaries() / "postgres"), "-D", str(self.data)]
        for name, value in given.items():
            argv += ["-c", f"{name}={value}"]
        self.process = self.place.run(argv, log=self.folder / "log", cwd=self.folder)
        until(self.answers, seconds=60, what=f"PostgreSQL on {self.place.name}")

    def stop(self, *, kill: bool = False) -> None:
        """Stop the server: at once but in order, or as a crash would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT if kill else signal.SIGINT)
            self.process.wait(timeout=60)

    def freeze(self, how: signal.Signals = signal.SIGSTOP) -> None:
        """Stop the server in the middle of whatever it does: it takes words and answers none. SIGCONT: on."""
        assert self.process is not None
        for pid in (self.process.pid, *family(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def promote(self) -> None:
        """Make a replica the primary."""
        self.sql("SELECT pg_promote(true, 30)")

    def configure(self, name: str, value: str) -> None:
        """Change a setting of the running server, in its own file."""
        self.sql(f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql("SELECT pg_reload_conf()")

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            self.sql("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def sql(self, words: str, given: Mapping[str, Any] | None = None, *, database: str = "postgres") -> Any:
        """Run one statement as the server's administrator, for whom there is no wall; return its rows."""
        where = f"host={self.place.address} port={self.port} user=postgres dbname={database}"
        with psycopg.connect(where, autocommit=True, connect_timeout=3) as connection:
            done = connection.execute(words.encode(), given)
            return done.fetchall() if done.description else []

    def remove(self) -> None:
        """Throw the server away."""
        self.stop(kill=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tool(self, program: str, *words: str) -> None:
        argv = [*self.place.prefix, *self._user, str(binaries() / program), *words, "-D", str(self.data)]
        done = subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{program}: {done.stderr[-800:]}"


def url(role: str, *servers: Postgres, database: str = "portal") -> str:
    """Return the address of whichever of ``servers`` takes writes, as docs/operate.md writes it."""
    hosts = "&".join(f"host={one.place.address}:{one.port}" for one in servers)
    return f"postgresql+psycopg://{role}@/{database}?{hosts}&target_session_attrs=read-write"
