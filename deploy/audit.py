"""Hold the lock files against lists of known faults (OSV's format); run by ``make audit``.

Asks https://osv.dev, which holds PyPI's own advisories and GitHub's. Without a network give it what somebody
brought along: a checkout of github.com/pypa/advisory-database, or OSV's ``PyPI/all.zip``. Ends with 0 when
nothing is known, 1 when a fault is, and 2 when no answer was had: a list that is old says nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-mutation.lock")
#: A list whose newest line is older than this many days knows too little to say that nothing is known.
FRESH = 30
_SPEC = importlib.util.spec_from_file_location("sbom", ROOT / "deploy" / "sbom.py")
assert _SPEC is not None and _SPEC.loader is not None
sbom = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(sbom)
#: Within how many days a fault is mended, by its severity.
PERIODS: dict[str, int] = sbom.PERIODS
_API = "https://api.osv.dev/v1"


class NoAnswer(Exception):
    """Nobody could be asked, or the list is no list."""


@dataclass(frozen=True, order=True)
class Finding:
    """A known fault of a package that is pinned."""

    name: str
    version: str
    id: str
    severity: str
    mended_in: str
    summary: str

    def __str__(self) -> str:
        mended = f"mended in {self.mended_in}" if self.mended_in else "not mended yet"
        days = PERIODS[self.severity]
        fault = f"{self.id} ({self.severity}, within {days} days)"
        return f"{self.name} {self.version}: {fault}, {mended}: {self.summary}"


def normal(name: str) -> str:
    """Return a package's name as everybody spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(locks: Iterable[Path]) -> set[tuple[str, str]]:
    """Return name and version of every package of some lock files."""
    found = [one for lock in locks for one in sbom.packages(lock.read_text(encoding="utf-8"))]
    return {(normal(one["name"]), one["version"]) for one in found}


def judge(advisory: dict[str, Any], name: str, version: str) -> Finding | None:
    """Return what an advisory says of one version of a package; None when it does not speak of it."""
    if advisory.get("withdrawn"):
        return None
    for affected in advisory.get("affected") or ():
        package = affected.get("package") or {}
        if package.get("ecosystem") != "PyPI" or normal(package.get("name", "")) != name:
            continue
        ranges = [one for one in affected.get("ranges") or () if one.get("type") == "ECOSYSTEM"]
        listed = any(_same(str(one), version) for one in affected.get("versions") or ())
        if listed or any(_within(one.get("events") or (), version) for one in ranges):
            return _finding(advisory, affected, ranges, name, version)
    return None


def _finding(
    advisory: dict[str, Any], affected: dict[str, Any], ranges: list[Any], name: str, version: str
) -> Finding:
    fixed = [str(event["fixed"]) for one in ranges for event in one.get("events") or () if "fixed" in event]
    later = sorted((one for one in fixed if _version(one) > _version(version)), key=_version)
    said = str(
        (advisory.get("database_specific") or {}).get("severity")
        or (affected.get("ecosystem_specific") or {}).get("severity")
        or ""
    ).lower()
    # What nobody has weighed is taken for grave.
    severity = {"medium": "moderate"}.get(said, said) if said in {*PERIODS, "medium"} else "high"
    text = str(advisory.get("summary") or advisory.get("details") or "").strip()
    summary = text.splitlines()[0][:120] if text else ""
    return Finding(name, version, str(advisory["id"]), severity, later[0] if later else "", summary)


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _same(one: str, other: str) -> bool:
    return _version(one) == _version(other) if one != other else True


def _within(events: Iterable[dict[str, Any]], version: str) -> bool:
    """Tell whether a version lies where a fault was brought in and not mended yet."""
    this, inside = _version(version), False
    for event in sorted(events, key=lambda one: _version(str(next(iter(one.values()))))):
        ((kind, at),) = list(event.items())[:1]
        if kind == "introduced" and this >= _version(str(at)):
            inside = True
        elif (kind == "fixed" and this >= _version(str(at))) or (
            kind == "last_affected" and this > _version(str(at))
        ):
            inside = False
    return inside


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the advisories of a checkout, a folder of files, or OSV's archive.

    Raises:
        NoAnswer: there is none.
    """
    count = 0
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix in {".yaml", ".json"} and ".git" not in file.parts:
                found = _parsed(file.read_text(encoding="utf-8"), file.suffix)
                if found is not None:
                    count += 1
                    yield found
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                found = _parsed(archive.read(name).decode(), Path(name).suffix)
                if found is not None:
                    count += 1
                    yield found
    if not count:
        raise NoAnswer(f"no advisories at {path}")


def _parsed(text: str, suffix: str) -> dict[str, Any] | None:
    if suffix == ".yaml":
        import yaml

        held = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    else:
        held = json.loads(text)
    return held if isinstance(held, dict) and "id" in held and "affected" in held else None


def among(
    advisories: Iterable[dict[str, Any]], packages: set[tuple[str, str]], *, today: datetime
) -> list[Finding]:
    """Return the faults of the packages.

    Raises:
        NoAnswer: the list is too old to say that there is none.
    """
    known: dict[str, list[str]] = {}
    for name, version in packages:
        known.setdefault(name, []).append(version)
    found, newest = set(), ""
    for advisory in advisories:
        newest = max(newest, str(advisory.get("modified") or ""))
        for affected in advisory["affected"] or ():
            name = normal((affected.get("package") or {}).get("name", ""))
            found |= {one for v in known.get(name, ()) if (one := judge(advisory, name, v)) is not None}
    if not found and (not newest or (today - _day(newest)).days > FRESH):
        raise NoAnswer(
            f"the newest advisory is of {newest[:10] or 'no day'}: nothing found, and nothing proven"
        )
    return sorted(found)


def _day(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def ask(packages: set[tuple[str, str]]) -> list[Finding]:
    """Ask osv.dev, which hears names and versions and nothing else.

    Raises:
        NoAnswer: it could not be reached, or answered something else.
    """
    import requests

    wanted = sorted(packages)
    asked = [{"package": {"ecosystem": "PyPI", "name": name}, "version": version} for name, version in wanted]
    try:
        answer = requests.post(f"{_API}/querybatch", json={"queries": asked}, timeout=60)
        answer.raise_for_status()
        found = []
        for (name, version), result in zip(wanted, answer.json()["results"], strict=True):
            for one in result.get("vulns") or ():
                told = requests.get(f"{_API}/vulns/{one['id']}", timeout=60)
                told.raise_for_status()
                advisory = told.json()
                if not advisory.get("withdrawn"):
                    found.append(judge(advisory, name, version) or _finding(advisory, {}, [], name, version))
    except (requests.RequestException, ValueError, KeyError) as error:
        raise NoAnswer(f"osv.dev could not be asked ({type(error).__name__})") from error
    return sorted(found)


def main() -> None:
    """Print what is known, and end with 0, 1 or 2."""
    parser = argparse.ArgumentParser(description="Hold the lock files against lists of known faults.")
    parser.add_argument("--advisories", type=Path, help="a checkout of advisories, or OSV's all.zip")
    parser.add_argument("--lock", type=Path, action="append", help="a lock file (all of this checkout)")
    said = parser.parse_args()
    packages = pinned(said.lock or [ROOT / name for name in LOCKS])
    try:
        if said.advisories:
            found = among(read(said.advisories), packages, today=datetime.now(UTC))
        else:
            found = ask(packages)
    except NoAnswer as why:
        print(f"NOT ASKED: {why}.", file=sys.stderr)
        print("With a network: make audit. Brought along: make audit ADVISORIES=PATH.", file=sys.stderr)
        raise SystemExit(2) from None
    for one in found:
        print(one)
    print(f"{len(packages)} packages, {len(found)} known faults")
    raise SystemExit(1 if found else 0)


if __name__ == "__main__":
    main()
