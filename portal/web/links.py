"""Local paths only: no ``next=`` leads to another host (ASVS 3.7.2)."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit


def local_path(text: str | None, *, otherwise: str = "/") -> str:
    """Return ``text`` if it is a path of this portal, else ``otherwise``.

    Backslashes, a second slash and control characters are what browsers turn into another host.
    """
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")) or "\\" in text:
        return otherwise
    if any(ord(character) < 32 for character in text):
        return otherwise
    parts = urlsplit(text)
    return text if not parts.scheme and not parts.netloc else otherwise


def login_url(back: str) -> str:
    """Return the log-in page's address that leads back to ``back``."""
    return "/login?" + urlencode({"next": local_path(back)}, safe="/")
