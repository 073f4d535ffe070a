"""Walk through docs/operate.md, chapter 7, on the machine where this runs, which may be of another kind.

``python3 probe.py BUNDLE.tar FOLDER`` needs nothing but the standard library and prints one JSON line: how
many seconds each step took, and what was seen. It ends with the first thing that is not as it should be. In
the environment it has just installed it runs itself again, as ``python probe.py --inside FOLDER``.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib
import json
import os
import platform
import re
import socket
import struct
import subprocess
import sys
import sysconfig
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

INIT = (
    *("--public-url", "http://127.0.0.1:8000", "--admin-name", "骆测安", "--admin-phone", "10000000001"),
    *("--district", "999901 试验县 county", "--district", "999901-kfq 试验开发区 park 999901"),
)
PARK = "999901-kfq"
HEADERS = ["党组织名称", "组织类别"]
SHEET = [["双强科技党支部", "党支部"], ["长江路社区党支部", "党支部"], ["无类别党支部", "没有这一类"]]
WRONG = 1
PASSWORD = "纸上得来终觉浅-7"
PORT = 18988
#: An emulated processor needs a quarter of a minute for what takes another one a second.
PATIENCE = 300

seconds: dict[str, float] = {}


def main() -> None:
    """Do it all, or what belongs inside of the environment."""
    if sys.argv[1] == "--inside":
        print(json.dumps(inside(Path(sys.argv[2])), ensure_ascii=False))
    else:
        print(json.dumps(walk(Path(sys.argv[1]), Path(sys.argv[2])), ensure_ascii=False))


def walk(packed: Path, place: Path) -> dict[str, object]:
    """Unpack, install, make an installation, fill it, serve it, save it."""
    only_this_machine()
    seen: dict[str, object] = {"machine": platform.machine(), "python": platform.python_version()}
    with step("unpack"):
        digest = packed.with_suffix(".tar.sha256").read_text().split()[0]
        assert hashlib.sha256(packed.read_bytes()).hexdigest() == digest
        (place / "bundle").mkdir()
        run("tar", "xf", str(packed), cwd=place / "bundle")
    (bundle,) = (place / "bundle").iterdir()
    with step("install"):
        said = run("sh", "install.sh", str(place / "opt"), cwd=bundle)
    assert "as the manifest says" in said and "portal, version" in said, said
    python = str(place / "opt" / ".venv" / "bin" / "python")
    portal = str(place / "opt" / ".venv" / "bin" / "portal")
    os.environ["PORTAL_CONFIG"] = str(place / "portal.toml")
    with step("init"):
        assert "code: " in run(portal, "init", "--data", str(place / "data"), *INIT)
    # At once: an emulated machine takes minutes for the next steps, and work that waits five is an error.
    with step("doctor"):
        found = json.loads(run(portal, "doctor", "--json"))
    assert [one for one in found if one["severity"] == "error"] == [], found
    with step("inside"):
        environment = {"PYTHONPATH": str(place / "opt")}
        seen |= json.loads(run(python, __file__, "--inside", str(place), **environment).splitlines()[-1])
    with step("import"):
        words = ("import", "organizations", str(place / "sheet.xlsx"), "--district", PARK)
        said = run(portal, *words, "--wrong", str(place / "wrong.xlsx"), ends=1)
    assert "new 2" in said and f"refused {WRONG}" in said, said
    with step("refused rows"):
        assert SHEET[-1][0] in run(python, "-c", READ, str(place / "wrong.xlsx"), **environment)
    assert seen["inside"] == seen["python"], seen
    with served(portal):
        seen["assets"] = look()
    with step("backup"):
        assert "proven" in run(portal, "backup")
    (saved,) = (place / "data" / "backups").glob("portal-*")
    with step("verify"):
        assert ": whole" in run(portal, "backup", "verify", str(saved))
    with step("check"):
        run(portal, "db", "check")
    return seen | {"seconds": seconds}


READ = (
    "import sys, python_calamine as c; print(c.load_workbook(sys.argv[1]).get_sheet_by_index(0).to_python())"
)


def only_this_machine() -> None:
    """Set the loopback up, which a new namespace does not, and refuse to go on where a way leads out."""
    names = [name for _, name in socket.if_nameindex()]
    # Tunnels that the kernel puts into each namespace lead nowhere: they are down, and have no address.
    assert names[0] == "lo" and not Path("/proc/net/route").read_text().splitlines()[1:], names
    with socket.socket() as any_one:
        # SIOCSIFFLAGS, with IFF_UP: there is no program `ip` on a small Debian.
        fcntl.ioctl(any_one, 0x8914, struct.pack("16sH14x", b"lo", 0x1))
        with suppress(OSError):
            any_one.settimeout(2)
            any_one.connect(("192.0.2.1", 53))
            raise AssertionError("there is a network")


@contextmanager
def step(name: str) -> Iterator[None]:
    """Count the seconds of one step."""
    began = time.monotonic()
    yield
    seconds[name] = round(time.monotonic() - began, 1)


def run(*words: str, cwd: Path | None = None, ends: int = 0, **environment: str) -> str:
    """Run to the expected end and return what was printed."""
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert done.returncode == ends, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def served(portal: str) -> Iterator[None]:
    """Serve, with a worker, until it says ready; stop it again, which it does by itself."""
    with step("serve"):
        running = subprocess.Popen(
            [portal, "serve", "--port", str(PORT), "--workers", "1"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + PATIENCE
        while True:
            assert running.poll() is None and time.monotonic() < until, "it does not get ready"
            with suppress(OSError):
                assert get("/readyz") == b"ready\n"
                break
            time.sleep(0.5)
    try:
        yield
    finally:
        running.terminate()
        ended = running.wait(PATIENCE)
    assert ended == 0, f"portal serve ended with {ended}"


def get(path: str) -> bytes:
    """Return the body of a page that answers 200."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=PATIENCE) as answer:
        body: bytes = answer.read()
    return body


def look() -> int:
    """Open the log-in page with all it asks for, and search by characters, pinyin and initials."""
    with step("pages"):
        page = get("/login").decode()
        assets = set(re.findall(r"""(?:href|src)="(/static/[^"]+)""", page))
        assert {Path(urllib.parse.urlsplit(one).path).suffix for one in assets} >= {".css", ".js"}, assets
        for one in assets:
            assert get(one.replace("&amp;", "&")), one
        for typed in ("双强", "shuangqiang", "sqkj"):
            found = get("/find?" + urllib.parse.urlencode({"q": typed})).decode()
            assert SHEET[0][0] in found and SHEET[1][0] not in found, typed
    return len(assets)


def inside(place: Path) -> dict[str, object]:
    """Load every library of the environment, and let those that calculate do so."""
    site = Path(sysconfig.get_path("platlib"))
    assert Path(sys.prefix) == place / "opt" / ".venv", sys.prefix
    # What others are linked against lies beside them in a folder of its own (psycopg_binary.libs).
    native = sorted(one for one in site.rglob("*.so") if ".libs" not in one.parent.name)
    import psycopg

    # The portal's own choice; without it, psycopg looks for a libpq of the machine.
    assert psycopg.pq.__impl__ == "binary", psycopg.pq.__impl__
    for one in native:
        importlib.import_module(str(one.relative_to(site)).split(".")[0].replace("/", "."))
    from portal.app import create_app

    with create_app().app_context():
        _calculate()
        pdf = _pdf()
    assert pdf.startswith(b"%PDF-") and len(pdf) > 5000, pdf[:20]
    from portal.sheets import reading, writing

    with (place / "sheet.xlsx").open("wb") as stream:
        writing.write_xlsx(stream, HEADERS, SHEET)
    (table,) = reading.read_tables((place / "sheet.xlsx").read_bytes(), "sheet.xlsx")
    assert SHEET[0][0] in str(table), table
    return {
        "inside": platform.python_version(),
        "native": len(native),
        "packages": sorted({one.relative_to(site).parts[0] for one in native}),
    }


def _calculate() -> None:
    from sqlalchemy import select

    from portal import crypto
    from portal.database import everything, session
    from portal.identity import passwords
    from portal.identity.models import Account

    hashed = passwords.HASHER.hash(PASSWORD)
    assert passwords.HASHER.verify(hashed, PASSWORD) and hashed.startswith("$argon2id$")
    # A hash made on another machine: a moved installation must let its people in.
    assert passwords.HASHER.verify(ELSEWHERE, PASSWORD)
    with everything():
        account = session.scalars(select(Account)).one()
    assert account.phone_sealed is not None
    assert b"10000000001" not in account.phone_sealed
    assert crypto.decrypt("account.phone_sealed", account.uid, account.phone_sealed) == "10000000001"


#: PASSWORD, hashed on x86-64.
ELSEWHERE = (
    "$argon2id$v=19$m=19456,t=2,p=1$VxB82yxgkcd/Xp6VGwWf8Q$AASjI4nvM1/4qR5/70yWPXWKKpC+ntT+TS9Syym1VoE"
)


def _pdf() -> bytes:
    from plugins.dues import pdf
    from plugins.dues.queries.vouchers import Voucher

    now = datetime(2026, 11, 1, 4, tzinfo=UTC)
    shown = Voucher(
        id=1,
        token="x",
        number="999901-2026-000001",
        version=1,
        member_id=1,
        name="骆测安",
        branch=SHEET[0][0],
        organization_id=1,
        months=(("2026-10", 510),),
        total_fen=510,
        credit_fen=0,
        paid_on=date(2026, 11, 1),
        way="cash",
        state="issued",
        issued_at=now,
        void_reason="",
        source_key="x",
    )
    return pdf.voucher(shown, check_url="http://127.0.0.1:8000/v/x")


if __name__ == "__main__":
    main()
