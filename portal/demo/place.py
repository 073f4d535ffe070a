"""Where a demo lives: one folder with its settings, secrets, database and accounts."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from portal.config import PLACE


@dataclass(frozen=True, slots=True)
class Place:
    """The demo's folder (``PORTAL_DATA``, by default ``var/demo``)."""

    folder: Path

    @property
    def settings(self) -> Path:
        """Return the file with the demo's settings and secrets."""
        return self.folder / "portal.toml"

    @property
    def accounts(self) -> Path:
        """Return the file that keeps the demo accounts' passwords; nothing else knows them."""
        return self.folder / "accounts.json"

    @property
    def simulator(self) -> Path:
        """Return the payment simulator's own folder."""
        return self.folder / "paysim"

    def log(self, name: str) -> Path:
        """Return the log file of one of the demo's processes."""
        return self.folder / "log" / f"{name}.log"


def place() -> Place:
    """Return where the demo is, or would be."""
    return Place(Path(os.environ.get("PORTAL_DATA") or PLACE / "var" / "demo").absolute())


def use(here: Place) -> None:
    """Let this process and its children work on the demo."""
    os.environ["PORTAL_CONFIG"] = str(here.settings)
    os.environ["PORTAL_DATA"] = str(here.folder)


def use_if_alone() -> None:
    """Work on the demo when this checkout has no other installation: no settings file, no secret."""
    configured = any(os.environ.get(name) for name in ("PORTAL_CONFIG", "PORTAL_SECRET_KEY", "PORTAL_ENV"))
    here = place()
    if not configured and not (PLACE / "portal.toml").exists() and here.settings.exists():
        use(here)
        if sys.stderr.isatty():
            print(f"(the demo in {here.folder})", file=sys.stderr)
