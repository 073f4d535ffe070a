"""The lock files are held against lists of known faults; without an answer nothing is said to be well."""

from __future__ import annotations

import http.server
import importlib.util
import json
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from portal.config import ROOT

_SPEC = importlib.util.spec_from_file_location("audit_of_locks", ROOT / "deploy" / "audit.py")
assert _SPEC is not None and _SPEC.loader is not None
audit = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = audit  # dataclasses look their module up
_SPEC.loader.exec_module(audit)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HASH = "--hash=sha256:" + "0" * 64


def advisory(*, name: str = "Some_Package", modified: datetime = NOW, **more: Any) -> dict[str, Any]:
    events = more.pop("events", [{"introduced": "1.0"}, {"fixed": "1.4"}])
    affected = {
        "package": {"ecosystem": more.pop("ecosystem", "PyPI"), "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
        "versions": more.pop("versions", []),
    }
    return {
        "id": "PYSEC-0-1",
        "modified": modified.isoformat(),
        "summary": "Reads what it should not.",
        "affected": [affected],
        **more,
    }


@pytest.mark.parametrize("version", ["1.0", "1.3.9", "1.4rc1", "1.0.post1"])
def test_a_known_bad_version_is_found(version: str):
    found = audit.judge(advisory(), "some-package", version)
    assert (found.mended_in, found.severity) == ("1.4", "high"), "what nobody weighed is taken for grave"
    assert "within 7 days" in str(found) and "Reads what" in str(found)


@pytest.mark.parametrize("version", ["0.9", "1.4", "1.10", "2!1.1"])
def test_another_version_is_not(version: str):
    assert audit.judge(advisory(), "some-package", version) is None


def test_what_else_an_advisory_says_counts():
    last = advisory(events=[{"introduced": "0"}, {"last_affected": "1.9"}])
    assert audit.judge(last, "some-package", "1.9").mended_in == ""
    assert "not mended yet" in str(audit.judge(last, "some-package", "1.9"))
    assert audit.judge(last, "some-package", "1.9.1") is None
    twice = [{"introduced": "2.0"}, {"fixed": "2.1"}, {"introduced": "0"}, {"fixed": "1.4"}]
    assert audit.judge(advisory(events=twice), "some-package", "2.0.5").mended_in == "2.1"
    assert audit.judge(advisory(events=twice), "some-package", "1.9") is None
    assert audit.judge(advisory(versions=["7.0"]), "some-package", "7.0.0")
    weighed = advisory(database_specific={"severity": "MEDIUM"})
    assert audit.judge(weighed, "some-package", "1.1").severity == "moderate"
    for other in (advisory(withdrawn="2026-01-01"), advisory(ecosystem="npm"), advisory(name="other")):
        assert audit.judge(other, "some-package", "1.1") is None


def run(tmp_path: Path, *more: str, version: str = "1.2") -> subprocess.CompletedProcess[str]:
    lock = tmp_path / "some.lock"
    lock.write_text(f"some-package=={version} \\\n    {HASH}\n")
    argv = [sys.executable, str(ROOT / "deploy" / "audit.py"), "--lock", str(lock), *more]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("form", ["yaml", "json", "zip"])
def test_it_ends_with_what_was_found(tmp_path: Path, form: str):
    said, folder = json.dumps(advisory(modified=datetime.now(UTC))), tmp_path / "advisories"
    folder.mkdir()
    if form == "zip":
        path = folder / "all.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("PYSEC-0-1.json", said)
    else:
        (folder / f"PYSEC-0-1.{form}").write_text(said)
        path = folder
    bad = run(tmp_path, "--advisories", str(path))
    assert (bad.returncode, "1 known faults" in bad.stdout) == (1, True), bad
    good = run(tmp_path, "--advisories", str(path), version="1.4")
    assert (good.returncode, good.stdout) == (0, "1 packages, 0 known faults\n"), good


def test_no_list_and_an_old_one_are_no_answer(tmp_path: Path):
    folder = tmp_path / "advisories"
    folder.mkdir()
    (folder / "README.json").write_text("{}")
    for path in (folder, tmp_path / "nowhere"):
        none = run(tmp_path, "--advisories", str(path))
        assert (none.returncode, "NOT ASKED: no advisories" in none.stderr) == (2, True), none
    old = datetime.now(UTC) - timedelta(days=audit.FRESH + 2)
    (folder / "PYSEC-0-1.json").write_text(json.dumps(advisory(modified=old)))
    proven = run(tmp_path, "--advisories", str(folder), version="1.4")
    assert (proven.returncode, "nothing proven" in proven.stderr) == (2, True), proven
    # What an old list knows is known all the same.
    assert run(tmp_path, "--advisories", str(folder)).returncode == 1


class Osv(http.server.BaseHTTPRequestHandler):
    """Answers as osv.dev does: numbers first, then each advisory."""

    broken = False

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
        results = [{"vulns": [{"id": "PYSEC-0-1"}]} if one["version"] == "1.2" else {} for one in asked]
        self._say({"results": results[: 0 if self.broken else None]})

    def do_GET(self) -> None:
        self._say(advisory())

    def _say(self, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Osv)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setattr(audit, "_API", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_network_is_asked_for_all_at_once(osv: http.server.HTTPServer, monkeypatch: pytest.MonkeyPatch):
    found = audit.ask({("some-package", "1.2"), ("fine", "3.0")})
    assert [(one.name, one.id) for one in found] == [("some-package", "PYSEC-0-1")]
    monkeypatch.setattr(Osv, "broken", True)
    with pytest.raises(audit.NoAnswer):
        audit.ask({("some-package", "1.2")})


def test_nobody_there_is_no_answer(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(audit, "_API", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(audit.NoAnswer, match=r"osv\.dev could not be asked"):
        audit.ask({("some-package", "1.2")})


def test_every_lock_file_is_held_against_it():
    """What is pinned is read, by the names that advisories use."""
    found = audit.pinned([ROOT / name for name in audit.LOCKS])
    assert {path.name for path in ROOT.glob("requirements*.lock")} == set(audit.LOCKS)
    assert len(found) > 60 and {"flask", "cryptography", "pytest", "mutmut"} <= {name for name, _v in found}


def test_the_periods_are_written_down():
    """ASVS 15.1.2: within how long a fault is mended; where people read it, and in the bill of materials."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.split("## How soon a known fault is mended", 1)[1].split("\n## ", 1)[0]
    said = {name: int(days) for name, days in re.findall(r"^- (\w+): (\d+) days", section, re.MULTILINE)}
    assert said == audit.PERIODS
    bill = audit.sbom.bill(ROOT, "0")["metadata"]["properties"]
    assert {one["name"].rsplit(":", 1)[1]: int(one["value"]) for one in bill} == said
