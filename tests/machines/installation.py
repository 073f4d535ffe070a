"""One installation on several machines: its settings, its processes, its people, its payment channel."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from plugins.dues.months import shifted
from plugins.dues.service import openings
from portal import clock, config, crypto
from portal.app import create_app
from portal.database import db, history, session, transaction
from portal.payments import accounts
from portal.testing import World, postgresql, server
from tests.machines.places import Place, slay, until

PAYEE = "测试区委组织部党费专户"


class Installation:
    """What all machines share: ``portal.toml`` in the shape of an environment, and the data folder."""

    def __init__(self, folder: Path, *, public_url: str, **settings: str) -> None:
        self.folder, self.public_url = folder, public_url
        self.settings = {
            "env": "production",
            "data_dir": str(folder / "data"),
            "secret_key": secrets.token_hex(32),
            "field_keys": f"k1:{crypto.generate_key()}",
            "index_key": crypto.generate_key(),
            "tls": "off",
            "public_url": public_url,
            **settings,
        }
        (folder / "data").mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        """Return what a process of the portal is started with."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
        own = {f"PORTAL_{name.upper()}": value for name, value in self.settings.items()}
        nothing = {"PORTAL_CONFIG": str(self.folder / "none.toml"), "PYTHONPATH": str(config.ROOT)}
        return {**clean, **own, **nothing, "PORTAL_POSTGRESQL_BIN": _binaries()}

    def command(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run one command of the portal on the machine of the test."""
        return subprocess.run(
            [sys.executable, "-m", "portal", *words],
            cwd=config.ROOT,
            env={**self.environment(), **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def app(self) -> Flask:
        """Return the application in this process, to make people and to look at the books."""
        return create_app(config.load(**{**self.settings, "env": "testing"}))

    def web(self, place: Place, *, processes: int = 1, **more: str) -> Web:
        """Start web processes on a machine."""
        return Web(self, place, processes, more)

    def worker(self, place: Place, *words: str, **more: str) -> subprocess.Popen[bytes]:
        """Start a worker on a machine."""
        argv = [sys.executable, "-m", "portal", "worker", *words]
        return place.run(
            argv, log=self.log(place, "worker"), cwd=config.ROOT, env={**self.environment(), **more}
        )

    def log(self, place: Place, name: str) -> Path:
        """Return where a process of a machine writes what happens."""
        return self.folder / f"{place.name}-{name}.log"

    def unexpected(self) -> list[str]:
        """Return what the machines have logged of errors that nobody had thought of."""
        logs = [one.read_text() for one in sorted(self.folder.glob("*-*.log"))]
        return [line for log in logs for line in log.splitlines() if "Traceback" in line]


class Web:
    """``portal serve --no-worker`` on one machine."""

    def __init__(self, house: Installation, place: Place, processes: int, more: Mapping[str, str]) -> None:
        self.house, self.place, self.port = house, place, place.port(8000)
        self._argv = [sys.executable, "-m", "portal", "serve", "--no-worker"]
        self._argv += ["--host", "0.0.0.0" if place.prefix else "127.0.0.1"]
        self._argv += ["--port", str(self.port), "--workers", str(processes)]
        self._environment = {**house.environment(), **more}
        self.url = f"http://{place.address}:{self.port}"
        self.start()

    def start(self) -> None:
        """Start it; ``ready`` says when it answers."""
        log = self.house.log(self.place, "web")
        self.process = self.place.run(self._argv, log=log, cwd=config.ROOT, env=self._environment)

    def kill(self) -> None:
        """Kill all of its processes at once."""
        slay(self.process)

    def status(self, path: str = "/readyz", *, seconds: float = 3.0) -> int:
        """Return the status of a page, 0 when there was no answer in time."""
        try:
            return requests.get(self.url + path, timeout=seconds).status_code
        except requests.RequestException:
            return 0

    def ready(self) -> bool:
        """Tell what ``/readyz`` says."""
        return self.status() == 200

    def wait(self, *, seconds: float = 60) -> float:
        """Wait until it is ready; return the seconds."""
        return until(self.ready, seconds=seconds, what=f"web on {self.place.name}")


class Channel:
    """The payment channel: ``python -m paysim`` in a process of its own, which can be made to hang."""

    def __init__(self, folder: Path, *, address: str, port: int, control: int, portal: str) -> None:
        self.url, self.control = f"http://{address}:{port}", f"http://127.0.0.1:{control}/_ctl"
        folder.mkdir()
        argv = [sys.executable, "-m", "paysim", "--data", str(folder), "--host", address]
        argv += ["--port", str(port), "--ctl-port", str(control), "--portal", portal, "--seed", "1"]
        argv += ["--merchant", f"dues={PAYEE}"]
        self.place = Place("paysim", address)
        log = folder.parent / "paysim.log"
        self.process = self.place.run(argv, log=log, cwd=config.ROOT, env={**os.environ})
        until(self._answers, seconds=60, what="the payment simulator")

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.control}/clock", timeout=2).ok
        except requests.RequestException:
            return False

    def ask(self, what: str) -> Any:
        """Read something of the control port."""
        return requests.get(f"{self.control}/{what}", timeout=20).json()

    def tell(self, what: str, **given: Any) -> Any:
        """Do something at the control port."""
        return requests.post(f"{self.control}/{what}", json=given, timeout=60).json()

    def merchant(self) -> dict[str, Any]:
        """Return the merchant's account as a portal configures it."""
        found: dict[str, Any] = self.ask("merchants")["merchants"][0]
        return found


def people(house: Installation, channel: Channel, *, count: int) -> tuple[str, list[str]]:
    """Migrate, and make a district with members who owe three months; return its code and their cookies."""
    app = house.app()
    with app.app_context(), postgresql.looking():
        history.upgrade(app.extensions["portal.registry"].folders())
        world = World(app)
        district = world.district()
        branch, ref = world.organization(district), world.ref(district)
        members = [world.member(branch) for _ in range(count)]
        first = shifted(clock.month(), -2)
        with world.writing(district), transaction():
            openings.start_branch(district=ref, organization=branch, start_month=first, by=None)
            for member in members:
                openings.take_over_member(
                    district=ref,
                    member=member,
                    category="retired",
                    base_fen=386_000,
                    paid_through=shifted(first, -1),
                    by=None,
                )
            accounts.create_account(district_id=district.id, purpose="dues", actor=None, **channel.merchant())
        cookies = []
        for member in members:
            client: Any = world.browser(world.account(member))
            kept = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
            cookies.append(kept.value)
        code = district.code
        session.remove()
        db.engine.dispose()
    return code, cookies


def _binaries() -> str:
    return str(server.binaries())
