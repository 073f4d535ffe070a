"""What must be true of every answer, whoever asks for whatever by whichever method."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

#: On every answer, once, with exactly this value.
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}
#: What a server says of itself helps only who looks for a way in.
TALKATIVE = ("Server", "X-Powered-By", "X-AspNet-Version", "Via")
#: A number of a person, or a name of a query that should have been a form's field.
SECRET = re.compile(
    r"(?<![0-9A-Za-z])(?:1\d{10}|\d{17}[\dXx])(?![0-9A-Za-z])|[?&](?:phone|password|code|ric|csrf_token)="
)
#: What an error tells of the inside.
INSIDE = re.compile(
    r"Traceback \(most recent|sqlalchemy|sqlite3\.|psycopg|werkzeug\.|site-packages|File &#34;|File \"/"
)


def faults(answer: Any, what: str, *, host: str = "localhost", secure: bool = True) -> Iterator[str]:
    """Yield what is wrong with an answer, a sentence each; ``secure``: it came by TLS."""
    headers = answer.headers
    for name, value in FIXED.items():
        if headers.getlist(name) != [value]:
            yield f"{what}: {name} is {headers.getlist(name)}"
    policy = headers.getlist("Content-Security-Policy")
    if len(policy) != 1 or "default-src 'none'" not in policy[0] or "unsafe" in policy[0]:
        yield f"{what}: Content-Security-Policy is {policy}"
    if secure and "max-age=31536000" not in headers.get("Strict-Transport-Security", ""):
        yield f"{what}: no Strict-Transport-Security"
    if headers.getlist("Cache-Control") != ["no-store"]:
        yield f"{what}: Cache-Control is {headers.getlist('Cache-Control')}"
    for name in TALKATIVE:
        if name in headers:
            yield f"{what}: {name} is {headers[name]}"
    if "Access-Control-Allow-Origin" in headers:
        yield f"{what}: other sites may read it"
    yield from _cookies(headers.getlist("Set-Cookie"), what, secure)
    for name in ("Location", "HX-Redirect", "X-Portal-Location"):
        if name in headers:
            yield from _leads(headers[name], f"{what}: {name}", host)
    if answer.status_code >= 500:
        yield f"{what}: {answer.status_code}"
    if answer.status_code >= 400 and INSIDE.search(answer.get_data(as_text=True)):
        yield f"{what}: the error tells of the inside"


def _cookies(set_: list[str], what: str, secure: bool) -> Iterator[str]:
    for cookie in set_:
        name, flags = cookie.split("=")[0], [one.strip().lower() for one in cookie.split(";")[1:]]
        wanted = ["httponly", "samesite=lax", "path=/", *(["secure"] if secure else [])]
        missing = [one for one in wanted if one not in flags]
        if missing or any(one.startswith("domain=") for one in flags):
            yield f"{what}: cookie {name} lacks {missing} or names a domain"


def _leads(target: str, what: str, host: str) -> Iterator[str]:
    found = urlsplit(target)
    if found.netloc not in {"", host} or target.startswith("//") or "\\" in target:
        yield f"{what} leads to {target}"
    if SECRET.search(target):
        yield f"{what} names a secret"
