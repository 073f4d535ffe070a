"""deploy/Containerfile built and run by a real engine, out of a checkout in use; the base is made here.

It is Debian's Python instead of the official image; everything after it is the recipe as it stands.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.config import ROOT
from tests.cli.test_init import WORDS
from tests.deploy import engine as engines
from tests.deploy.engine import BASE, Engine
from tests.deploy.test_image import PRIVATE, lived_in, unwanted

_MISSING = [name for name in engines.NEEDED if shutil.which(name) is None]
pytestmark = [
    pytest.mark.hard,
    pytest.mark.xdist_group("built_image"),
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
    pytest.mark.skipif(os.geteuid() != 0, reason="debootstrap makes a base for root alone"),
]
#: Stands in every file of the checkout that no image may hold.
MARK = f"planted-{secrets.token_hex(16)}"
#: All that may be in the layers above the base: the portal, its user, its empty data folder; and the folder
#: in which engines leave a mark while they build.
EXPECTED = re.compile(
    r"(run|opt|opt/portal(/.*)?|var|var/lib|var/lib/portal|etc|etc/\.pwd\.lock|etc/(passwd|group|g?shadow|sub[ug]id)-?)"
)
#: How docs/operate.md starts it.
GUARDED = ("--read-only", "--tmpfs /tmp", "--cap-drop all", "--security-opt no-new-privileges")
DATA = ("-v", "portal-data:/var/lib/portal")
#: Asks the running portal for a page and for all that the page names of its own, from beside it.
VISIT = """
import json, re, urllib.request as u
ask = u.build_opener(u.ProxyHandler({})).open
def get(path):
    with ask("http://127.0.0.1:8000" + path, timeout=30) as answer:
        return answer.status, answer.headers["Content-Type"], answer.read()
status, kind, page = get("/login")
assets = sorted(set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.decode())))
found = {path: [*got[:2], len(got[2])] for path in assets for got in [get(path)]}
print(json.dumps({"page": [status, kind, len(page)], "ready": get("/readyz")[2].decode(), "assets": found}))
"""


@pytest.fixture(scope="module")
def image() -> Iterator[Engine]:
    """The image ``portal``, built once; a base needs devices and some GB, which not every /dev/shm has."""
    home = Path(tempfile.mkdtemp(prefix="portal-image-", dir="/var/tmp"))
    with engines.engine(home) as engine:
        checkout = lived_in(home / "checkout")
        for name in PRIVATE:
            with (checkout / name).open("a") as file:
                file.write(f"\n{MARK}\n")
        # Made under umask 077, and one file that everybody may write.
        for path in checkout.rglob("*"):
            path.chmod(path.stat().st_mode & 0o700)
        (checkout / "wsgi.py").chmod(0o666)
        build(engine, checkout, "portal", "--build-arg", f"BASE={BASE}", *engines.pip_way_out())
        yield engine


def build(engine: Engine, context: Path, name: str, *words: str) -> str:
    """Build the recipe of a checkout; return what the engine said."""
    recipe = str(context / "deploy" / "Containerfile")
    fixed = ("--pull=never", "--format", "docker", "-f", recipe, "-t", name)
    done = engine("build", *fixed, *words, str(context))
    return done.stdout + done.stderr


def saved(engine: Engine, name: str) -> Iterator[tuple[str, tarfile.TarFile]]:
    """Yield the layers above the base, each under its name, after the image's own settings and history."""
    below = len(engine.inspect("image", BASE)["RootFS"]["Layers"])
    archive = engine.home / "saved.tar"
    engine("save", "--format", "docker-archive", "--output", str(archive), name)
    try:
        with tarfile.open(archive) as whole:
            [said] = json.load(whole.extractfile("manifest.json"))
            assert MARK.encode() not in whole.extractfile(said["Config"]).read(), "in the image's settings"
            assert len(said["Layers"]) > below
            for layer in said["Layers"][below:]:
                with tarfile.open(fileobj=whole.extractfile(layer)) as opened:
                    yield layer, opened
    finally:
        archive.unlink()


def strange(engine: Engine, name: str, place: Path) -> list[str]:
    """Return what an image holds in any of its layers and should not, deleted by a later one or not."""
    found = []
    for number, (layer, tar) in enumerate(saved(engine, name)):
        mine = place / str(number)
        for entry in tar:
            path = entry.name.removeprefix("./").strip("/")
            if path and not EXPECTED.fullmatch(path):
                found.append(path)
            if not entry.isfile():
                continue
            text = tar.extractfile(entry).read()
            if MARK.encode() in text:
                found.append(f"{path} is private")
            if path.startswith("opt/portal/") and not path.startswith("opt/portal/.venv/"):
                copy = mine / path.removeprefix("opt/portal/")
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(text)
        files = [path.relative_to(mine).as_posix() for path in mine.rglob("*") if path.is_file()]
        found += [f"{one} in {layer[:12]}" for one in unwanted(mine, files)]
    return found


def test_its_layers_hold_the_portal_and_nothing_private(image: Engine, tmp_path: Path):
    assert strange(image, "portal", tmp_path) == []
    held = {path.relative_to(tmp_path).as_posix().partition("/")[2] for path in tmp_path.rglob("*.py")}
    assert {"wsgi.py", "portal/app.py", "plugins/dues/plugin.py"} <= held, "the search read the layers"


def test_a_file_that_a_later_layer_deletes_is_found(image: Engine, tmp_path: Path):
    checkout = tmp_path / "checkout"
    (checkout / "deploy").mkdir(parents=True)
    (checkout / ".env").write_text(f"SECRET_KEY=abc\n{MARK}\n")
    (checkout / "deploy" / "Containerfile").write_text(
        "FROM portal\nUSER 0\nCOPY .env ./\nRUN date > /etc/pip.conf\nRUN rm .env /etc/pip.conf\nUSER 10001\n"
    )
    build(image, checkout, "careless", "--layers", "--network", "none")
    found = strange(image, "careless", tmp_path / "out")
    assert {"opt/portal/.env is private", "etc/pip.conf"} <= set(found)
    assert any(one.startswith(".env in ") for one in found)


def test_its_settings_say_who_runs_what(image: Engine):
    known = image.inspect("image", "portal")
    assert known["User"] == "10001:10001" and known["Config"]["StopSignal"] in {"SIGTERM", "15"}
    config = known["Config"]
    assert list(config["Volumes"]) == ["/var/lib/portal"] and list(config["ExposedPorts"]) == ["8000/tcp"]
    assert known["Healthcheck"]["Test"][0] == "CMD" and known["Healthcheck"]["StartPeriod"] == 60 * 10**9
    base = image.inspect("image", BASE)["Config"].get("Env") or ["PATH="]
    own = {one.partition("=")[0] for one in config["Env"]} - {one.partition("=")[0] for one in base}
    assert own <= {"PATH", "container", "PORTAL_CONFIG", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
    # What let the build out to the index of packages is not written down.
    told = json.dumps({name: value for name, value in known.items() if name != "GraphDriver"})
    assert [one for one in ("PIP_", "ca-certificates", str(image.home)) if one in told] == []
    size = (known["Size"] - image.inspect("image", BASE)["Size"]) / 10**6
    print(f"{size:.0f} MB above the base")
    assert 100 < size < 300


def test_its_files_are_of_root_and_readable_whoever_checked_them_out(image: Engine):
    who = image("run", "--rm", "--network", "none", "--entrypoint", "id", "portal").stdout
    assert "uid=10001(portal) gid=10001(portal)" in who
    looks = "! -type l ( ! -user root -o -perm /022 -o -writable -o ! -readable -o -type d ! -executable )"
    find = ("run", "--rm", "--network", "none", "--entrypoint", "find", "portal")
    assert image(*find, "/opt", *looks.split()).stdout == ""
    # Folders it may not even look into are an error to find.
    elsewhere = "/usr /etc /root /var/lib ! -type l -writable"
    found = image(*find, *elsewhere.split(), ends=None)
    assert found.stdout.split() == ["/var/lib/portal"], found.stderr


def healthy(engine: Engine) -> bool:
    """Tell what HEALTHCHECK says."""
    return engine("healthcheck", "run", "portal", ends=None).returncode == 0


def serve(engine: Engine) -> float:
    """Start it as the manual does, with a proxy nobody answers at; return after how long it is healthy."""
    began = time.monotonic()
    guards = " ".join(GUARDED).split()
    proxy = ("--env", "http_proxy=http://127.0.0.1:9/")
    engine("run", "-d", "--name", "portal", "--network", "none", *guards, *proxy, *DATA, "portal")
    engines.until(lambda: healthy(engine), seconds=180, says="never healthy")
    return time.monotonic() - began


def portal(engine: Engine, *words: str) -> str:
    """Run a command of the portal beside the one that serves."""
    return engine("exec", "portal", ".venv/bin/python", "-m", "portal", *words).stdout


def end(engine: Engine) -> float:
    """Stop it as engines do, by TERM; return after how long it had ended by itself."""
    began = time.monotonic()
    engine("stop", "--time", "30", "portal")
    took = time.monotonic() - began
    state = engine.inspect("container", "portal")["State"]
    said = engine("logs", "portal")
    log = said.stdout + said.stderr
    engine("rm", "portal")
    assert state["ExitCode"] == 0 and took < 20, (state, took, log[-2000:])
    assert "Traceback" not in log and "killing" not in log and "ready on 0.0.0.0 port 8000" in log
    return took


def test_it_is_set_up_serves_ends_on_term_and_finds_its_data_again(image: Engine):
    once = ("run", "--rm", "--network", "none", *DATA, "portal")
    early = image(*once, ends=2)
    assert "portal init" in early.stderr and "Traceback" not in early.stderr
    made = image(*once, "init", "--data", "/var/lib/portal", *WORDS)
    assert "code: " in made.stdout
    volume = Path(image.inspect("volume", "portal-data")["Mountpoint"])
    modes = {name: (volume / name).stat().st_mode & 0o777 for name in (".", "portal.toml")}
    assert modes == {".": 0o700, "portal.toml": 0o600}
    owners = {(one.stat().st_uid, one.stat().st_gid) for one in (volume, *volume.rglob("*"))}
    assert owners == {(10001, 10001)}

    first = serve(image)
    seen = json.loads(image("exec", "-i", "portal", ".venv/bin/python", "-", given=VISIT).stdout)
    assert seen["page"][:2] == [200, "text/html; charset=utf-8"] and seen["ready"] == "ready\n"
    kinds = {name.partition("?")[0].rpartition(".")[2] for name in seen["assets"]}
    assert {"css", "js"} <= kinds and all(one[0] == 200 and one[2] > 0 for one in seen["assets"].values())
    # Whoever comes by the published port comes from another address than the container's own.
    assert "00000000:1F40" in image("exec", "portal", "cat", "/proc/net/tcp").stdout
    assert "骆测安" in portal(image, "roles", "list")
    [backup] = re.findall(r"(/var/lib/portal/backups/\S+): ", portal(image, "backup"))
    image("cp", "portal:/var/lib/portal/portal.toml", str(image.home / "kept.toml"))
    assert "secret_key" in (image.home / "kept.toml").read_text()
    ended = end(image)

    again = serve(image)
    assert "骆测安" in portal(image, "roles", "list")
    found = json.loads(portal(image, "doctor", "--json"))
    assert [one for one in found if one["severity"] == "error"] == []
    refused = image(*once, "init", "--data", "/var/lib/portal", *WORDS, ends=1)
    assert "initialised" in refused.stderr
    end(image)
    image(*once, "restore", backup, "--replace", "--yes")
    image(*once, "audit", "verify")
    print(f"healthy after {first:.0f} s, again after {again:.0f} s; ended in {ended:.1f} s")


def test_the_check_fails_where_nobody_serves(image: Engine):
    image("run", "-d", "--name", "idle", "--network", "none", "--entrypoint", "sleep", "portal", "600")
    try:
        assert image("healthcheck", "run", "idle", ends=None).returncode == 1
    finally:
        image("rm", "--force", "--time", "0", "idle")


def test_the_manual_builds_and_starts_it_as_it_is_done_here():
    text = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    block = re.search(r"## 8\. In a container\n.*?```bash\n(.*?)```", text, re.DOTALL)
    assert block is not None and [one for one in GUARDED if one not in block[1]] == []
    # Without the format podman and buildah leave HEALTHCHECK out, with a warning among many lines.
    for place in (block[1], (ROOT / "deploy" / "Containerfile").read_text()):
        assert "podman build --format docker -f deploy/Containerfile -t portal ." in place
