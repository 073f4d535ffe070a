"""Change the keys in ``portal.toml`` in place: whole or not at all, owner and mode as they were."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import click

from portal.config import PLACE
from portal.crypto import CryptoError, Keyring

_LINE = re.compile(r'^(?P<name>field_keys|lost_keys|index_key)\s*=\s*"[^"\n]*"\s*$', re.MULTILINE)


def read(name: str) -> str:
    """Return one setting of the file; a usage error when keys come from the environment."""
    return str(tomllib.loads(_path(name).read_text(encoding="utf-8")).get(name, ""))


def write(name: str, value: str) -> Path:
    """Write one setting, checked to be read again as written; return the file."""
    path = _path(name)
    before = path.read_text(encoding="utf-8")
    line, known = f'{name} = "{value}"', False

    def put(found: re.Match[str]) -> str:
        nonlocal known
        if found["name"] != name:
            return found[0]
        known = True
        return line

    after = _LINE.sub(put, before)
    if not known:
        # Before the first table, where a setting of the installation belongs.
        after = f"{line}\n{before}"
    settings = tomllib.loads(after)
    if settings.get(name) != value:
        raise click.ClickException(f"{path}: {name} is written in an unusual way; change it by hand")
    try:
        if settings.get("field_keys"):
            Keyring.parse(settings["field_keys"], settings["index_key"])
    except (CryptoError, KeyError) as error:
        raise click.ClickException(f"{path} would not be readable: {error}") from None
    found = path.stat()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(after)
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        os.chown(draft, found.st_uid, found.st_gid)
    draft.replace(path)
    return path


def _path(name: str) -> Path:
    if os.environ.get(f"PORTAL_{name.upper()}"):
        raise click.UsageError(f"PORTAL_{name.upper()} comes from the environment: change it where it is set")
    path = Path(os.environ.get("PORTAL_CONFIG") or PLACE / "portal.toml")
    if not path.exists():
        raise click.UsageError(f"{path} is not there; portal init makes it")
    return path
