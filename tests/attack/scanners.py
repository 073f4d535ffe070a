"""Running wapiti and sqlmap from where they are installed, and reading what they found.

They are no part of the project's environment: each is found by PORTAL_WAPITI / PORTAL_SQLMAP or on PATH.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: What wapiti can try on a site of our own; foreign products, LDAP and Java, which is not here, are left out.
MODULES = (
    "xss,permanentxss,sql,timesql,file,exec,crlf,redirect,csrf,http_headers,cookieflags,csp,ssrf,methods,"
    "xxe,upload,htaccess,backup"
)


@dataclass(frozen=True)
class Finding:
    """One thing a scanner says is wrong."""

    scanner: str
    kind: str
    method: str
    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.scanner}: {self.kind}: {self.method} {self.path}: {self.what}"


def program(name: str) -> str | None:
    """Return where a scanner is, or None."""
    return os.environ.get(f"PORTAL_{name.upper()}") or shutil.which(name)


def wapiti(
    command: str,
    base: str,
    *,
    starts: Iterable[str],
    cookies: str,
    folder: Path,
    without: Iterable[str] = (),
    modules: str = MODULES,
    crawl: int = 30,
    each: int = 8,
) -> tuple[list[Finding], int]:
    """Crawl for ``crawl`` seconds, try each module for ``each``; return findings and pages seen."""
    report = folder / "wapiti.json"
    argv = [command, "-u", f"{base}/", "--scope", "domain", "-m", modules, "--drop-set-cookie"]
    for start in starts:
        argv += ["-s", base + start]
    for path in without:
        argv += ["-x", base + path]
    if cookies:
        argv += ["-C", cookies]
    argv += ["-d", "4", "--max-links-per-page", "15", "--max-parameters", "12", "--tasks", "2", "-t", "20"]
    argv += ["--max-scan-time", str(crawl), "--max-attack-time", str(each), "--no-bugreport", "-v", "0"]
    argv += ["--flush-session", "--store-session", str(folder / "session"), "--store-config", str(folder)]
    argv += ["-f", "json", "-o", str(report)]
    limit = crawl + each * (modules.count(",") + 1) + 120
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=limit)
    assert report.exists(), ran.stdout[-2000:] + ran.stderr[-2000:]
    said = json.loads(report.read_text(encoding="utf-8"))
    found = [
        Finding("wapiti", kind, one["method"], one["path"], one["info"])
        for part in ("vulnerabilities", "anomalies")
        for kind, several in said[part].items()
        for one in several
    ]
    return found, int(said["infos"]["crawled_pages_nbr"])


#: What sqlmap says of a place where it got in, and where it could not even try.
_IN = re.compile(r"^Parameter: (.+)$", re.M)
_DEAF = re.compile(r"all tested parameters do not appear to be injectable|is vulnerable|Parameter: ")


def sqlmap(
    command: str,
    address: str,
    *,
    parameter: str,
    cookies: str,
    folder: Path,
    data: str = "",
    token: str = "",
    level: int = 2,
    seconds: int = 400,
) -> list[Finding]:
    """Try one parameter of an address, or of a form by ``data``; return where sqlmap got in."""
    argv = [command, "-u", address, "-p", parameter, "--batch", "--level", str(level), "--risk", "2"]
    argv += ["--technique", "BEUS", "--flush-session", "--disable-coloring", "--output-dir", str(folder)]
    argv += ["--ignore-code", "401,404,409,422,429", "--timeout", "20", "--retries", "1"]
    if data:
        argv += ["--data", data]
    if token:
        argv += ["--csrf-token", "csrf_token", "--csrf-url", token]
    if cookies:
        argv += ["--cookie", cookies]
    ran = subprocess.run(
        argv, capture_output=True, text=True, timeout=seconds, env={**os.environ, "TERM": "dumb"}
    )
    assert _DEAF.search(ran.stdout), f"{address}: sqlmap came to no end: {ran.stdout[-1500:]}"
    refused = re.search(r"400 \(Bad Request\) - (\d+) times", ran.stdout)
    asked = len(re.findall("testing '", ran.stdout))
    assert refused is None or int(refused[1]) < asked, f"{address}: turned away, so nothing was tried"
    return [Finding("sqlmap", "SQL injection", "", address, one) for one in _IN.findall(ran.stdout)]
