"""Where a new installation goes: its settings file is written last, so that it exists whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from portal import clock
from portal.config import new_secrets
from portal.database import too_old

NEWER_SQLITE = "take a Python with a newer one, or PostgreSQL (docs/operate.md)"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a deployer said of the new installation."""

    config: Path
    data: Path
    database_url: str
    owner_url: str
    public_url: str
    site_name: str

    @property
    def draft(self) -> Path:
        """Return where the settings stand until the database is ready."""
        return self.config.with_name(f"{self.config.name}.unfinished")

    def settings(self) -> str:
        """Return the text of the settings file, fresh secrets included."""
        lines = [
            f"# Settings of this portal, written by `portal init` on {clock.today()}. It holds secrets:",
            "# mode 0600, and a copy kept apart from the backups. Every setting: portal/config.py.",
            f"data_dir = {_quoted(str(self.data))}",
            f"public_url = {_quoted(self.public_url)}",
        ]
        if self.database_url:
            lines.append(f"database_url = {_quoted(self.database_url)}")
        if self.owner_url:
            lines.append("# Owns the tables; used by init, db upgrade, backup, restore and upgrade alone.")
            lines.append(f"database_owner_url = {_quoted(self.owner_url)}")
        if self.site_name:
            lines.append(f"site_name = {_quoted(self.site_name)}")
        if self.public_url.startswith("https:"):
            lines.append("# One proxy of our own ends TLS in front; only its X-Forwarded-* are believed.")
            lines.append("tls = true\nproxies = 1")
        else:
            lines.append("tls = false")
        return "\n".join(lines) + "\n" + new_secrets()


def _quoted(text: str) -> str:
    # JSON writes a string as TOML does.
    return json.dumps(text, ensure_ascii=False)


def refuse_old_sqlite(database_url: str) -> None:
    """Refuse before anything is made, in words instead of a syntax error half way."""
    if old := too_old(database_url):
        raise click.ClickException(f"{old}: {NEWER_SQLITE}. Nothing was made")


@contextmanager
def alone(wanted: Wanted) -> Iterator[None]:
    """Hold the folders of settings and data; whoever comes second is refused."""
    with ExitStack() as stack:
        for folder in dict.fromkeys((wanted.config.parent, wanted.data)):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                # The folder itself is locked: nothing is left behind.
                held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError as error:
                raise click.ClickException(f"{folder} cannot be used: {error.strerror}") from None
            stack.callback(os.close, held)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise click.ClickException(
                    f"another portal init works in {folder}; nothing was changed"
                ) from None
        yield


def refuse_if_initialised(wanted: Wanted) -> None:
    """Stop with exit code 1 when the place holds an installation already."""
    for name in ("PORTAL_SECRET_KEY", "PORTAL_FIELD_KEYS", "PORTAL_INDEX_KEY"):
        if os.environ.get(name):
            raise click.ClickException(f"{name} is set: init makes secrets of its own; unset it first")
    if wanted.config.exists():
        raise click.ClickException(
            f"{wanted.config} is there already: this place is initialised, nothing was changed. "
            "What is wrong with it says: portal doctor"
        )


def begin(wanted: Wanted) -> bool:
    """Write the draft of the settings; tell whether one of an earlier, interrupted run is used instead.

    Its secrets are kept: they may have sealed rows already.
    """
    if wanted.draft.exists():
        known = tomllib.loads(wanted.draft.read_text(encoding="utf-8"))
        if (known["data_dir"], known.get("database_url", "")) != (str(wanted.data), wanted.database_url):
            raise click.ClickException(
                f"an earlier init stopped half way, for other data: {wanted.draft}. Say the same as then, "
                "or delete that file and what it names"
            )
        return True
    write_private(wanted.draft, wanted.settings())
    return False


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner reads, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def finish(wanted: Wanted) -> None:
    """Put the settings where the portal reads them; never over another file."""
    try:
        os.link(wanted.draft, wanted.config)
    except FileExistsError:
        raise click.ClickException(f"{wanted.config} appeared meanwhile; it is left as it is") from None
    wanted.draft.unlink()
