"""What the doctor reads in the settings, before anything is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from portal.backup.sealing import key_of
from portal.cli.doctor_finding import Finding
from portal.config import PLACE, Config
from portal.crypto import CryptoError, Keyring

LOOPBACK = re.compile(r"https?://(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?")


def examine(settings: Config) -> Iterator[Finding]:
    """Examine what was written."""
    path = Path(os.environ.get("PORTAL_CONFIG") or PLACE / "portal.toml")
    if settings.env == "production" and not settings.secret_key and not path.exists():
        yield Finding.error(f"this is no installation yet: {path} is not there", "portal init")
        return
    yield from _file(path)
    yield from _secrets(settings)
    yield from _address(settings)
    if settings.demo:
        yield Finding.error("demo is on: codes are shown to everybody", "write demo = false in portal.toml")
    if settings.env != "production":
        yield Finding.warning(f"env is {settings.env}", 'write env = "production" in portal.toml')
    if settings.safe_mode:
        yield Finding.warning("safe mode: no plugin is loaded", "write safe_mode = false in portal.toml")
    if not settings.help_phone:
        yield Finding.note(
            "pages of trouble name no number to call", 'write help_phone = "..." in portal.toml'
        )


def _file(path: Path) -> Iterator[Finding]:
    if not path.exists():
        return
    found = path.stat()
    if found.st_mode & 0o077:
        yield Finding.error(f"{path} holds the secrets and others may read it", f"chmod 600 {path}")
    if os.geteuid() == 0 and found.st_uid == 0:
        yield Finding.warning(
            f"{path} belongs to root: a portal with a user of its own cannot read it", f"chown portal {path}"
        )
    for left in path.parent.glob(f"{path.name}.unfinished"):
        yield Finding.warning(
            f"{left} is of an init that was interrupted", "portal init, with the same words"
        )


def _secrets(settings: Config) -> Iterator[Finding]:
    new = "portal keys new prints fresh ones (never change keys of a place with data: portal keys rotate)"
    if settings.env == "production" and len(settings.secret_key) < 32:
        yield Finding.error("secret_key is missing or shorter than 32 characters", new)
    if not settings.field_keys or not settings.index_key:
        if settings.env == "production":
            yield Finding.error(
                "field_keys or index_key is missing: keys lie in the data folder, beside what they seal", new
            )
    else:
        try:
            Keyring.parse(settings.field_keys, settings.index_key)
        except CryptoError as error:
            yield Finding.error(f"the keys cannot be read: {error}", "put the kept copy of portal.toml back")
    if settings.backup_key:
        try:
            key_of(settings.backup_key)
        except ValueError as error:
            yield Finding.error(f"backup_key: {error}", "write 32 random bytes in base64, or leave it out")


def _address(settings: Config) -> Iterator[Finding]:
    url = settings.public_url
    near = LOOPBACK.fullmatch(url.rstrip("/")) is not None
    if near:
        yield Finding.warning(
            f"public_url is {url}: links, QR codes and payment callbacks lead to this machine only",
            'write public_url = "https://..." in portal.toml',
        )
    elif not url.startswith("https://"):
        yield Finding.error(
            f"public_url is {url}: numbers and codes travel open",
            'write public_url = "https://...", see deploy/Caddyfile',
        )
    if url.startswith("https://") and not settings.tls:
        yield Finding.error("tls is off at an https address: cookies are not Secure", "write tls = true")
    if settings.tls and url.startswith("http://"):
        yield Finding.error(
            "tls is on at an http address: nobody stays logged in", "write tls = false, or use https"
        )
    if url.startswith("https://") and settings.proxies == 0:
        yield Finding.error(
            "proxies is 0 behind TLS: everybody shares one address, and its limits",
            "write proxies = 1 in portal.toml (one proxy in front that sets X-Forwarded-For)",
        )
