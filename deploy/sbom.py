"""Write the bill of materials (CycloneDX 1.5): every package of the lock file, every file of another's hand.

Run by ``make sbom``, without a network. It says what an installation gets by version and hash, so
that whoever answers for a machine can look for it in lists of known faults (ASVS 15.1.2).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_PINNED = re.compile(
    r"^(?P<name>[a-z0-9][\w.-]*)==(?P<version>[^\s;]+)(?P<rest>(?:.*\\\n)*.*)$", re.MULTILINE
)
#: Within how many days of being known a fault is mended, by severity (docs/security.md, ASVS 15.1.2).
PERIODS = {"critical": 2, "high": 7, "moderate": 30, "low": 90}
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def main() -> None:
    """Write dist/portal-VERSION.cdx.json."""
    parser = argparse.ArgumentParser(description="Write the bill of materials.")
    parser.add_argument("--to", type=Path, default=ROOT / "dist")
    said = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    from portal import VERSION

    said.to.mkdir(parents=True, exist_ok=True)
    path = said.to / f"portal-{VERSION}.cdx.json"
    made = bill(ROOT, VERSION)
    path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{path}: {len(made['components'])} components")


def bill(root: Path, version: str) -> dict[str, Any]:
    """Return the bill of the checkout at ``root``; the same checkout gives the same bill."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": "service-center-portal", "version": version},
            "properties": [
                {"name": f"service-center-portal:mended-within-days:{severity}", "value": str(days)}
                for severity, days in PERIODS.items()
            ],
        },
        "components": [*packages((root / "requirements.lock").read_text(encoding="utf-8")), *vendored(root)],
    }


def packages(lock: str) -> list[dict[str, Any]]:
    """Return the packages of a lock file.

    Raises:
        ValueError: a line pins a package without a hash, or names one without pinning it.
    """
    loose = [line for line in lock.splitlines() if re.match(r"[A-Za-z0-9]", line) and "==" not in line]
    if loose:
        raise ValueError(f"not pinned: {loose[0]}")
    found = []
    for one in _PINNED.finditer(lock):
        hashes = _HASH.findall(one["rest"])
        if not hashes:
            raise ValueError(f"without a hash: {one['name']}")
        found.append(
            {
                "type": "library",
                "name": one["name"],
                "version": one["version"],
                "purl": f"pkg:pypi/{one['name']}@{one['version']}",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in hashes],
            }
        )
    return found


def vendored(root: Path) -> list[dict[str, Any]]:
    """Return the files of another's hand that come with the pages."""
    folder = root / "static" / "vendor"
    return [
        {
            "type": "file",
            "name": str(path.relative_to(root)),
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".md"
    ]


if __name__ == "__main__":
    main()
