"""deploy/: what can be checked without a server of one's own is checked, nginx for real."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal import clock
from portal.cli.ports import free_port
from portal.config import ROOT, Config
from tests.cli.test_init import WORDS, init
from tests.cli.test_serve import start

DEPLOY = ROOT / "deploy"
HARDENING = (
    *("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "User=portal"),
    *("CapabilityBoundingSet=", "SystemCallFilter=@system-service", "UMask=0077", "RestrictNamespaces=yes"),
)


@pytest.mark.parametrize("name", ["portal-web", "portal-worker", "portal-backup"])
def test_every_unit_is_hardened(name: str):
    lines = (DEPLOY / f"{name}.service").read_text().splitlines()
    assert [wanted for wanted in HARDENING if wanted not in lines] == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path):
    units = []
    for path in sorted(DEPLOY.glob("portal-*.*")):
        copy = tmp_path / path.name
        # The program is not installed where the unit says; everything else is checked as it stands.
        copy.write_text(path.read_text().replace("/opt/portal/.venv/bin/portal", sys.executable))
        units.append(str(copy))
    assert len(units) == 4
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "portal-" in line]
    assert ours == [] and done.returncode == 0, done.stderr


def test_the_container_takes_only_what_is_there_and_runs_as_nobody():
    text = (DEPLOY / "Containerfile").read_text()
    copied = [
        line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY ") and "--from" not in line
    ]
    assert [one for names in copied for one in names if not (ROOT / one).exists()] == []
    needed = {"portal", "plugins", "migrations", "templates", "static", "wsgi.py", "requirements.lock"}
    assert needed <= {one for names in copied for one in names}
    assert "--require-hashes" in text and text.rindex("USER 10001") > text.rindex("FROM ")


def test_the_proxies_let_through_what_the_portal_refuses_in_words():
    bytes_allowed = Config().flask()["MAX_CONTENT_LENGTH"]
    nginx = re.search(r"client_max_body_size (\d+)m", (DEPLOY / "nginx.conf").read_text())
    caddy = re.search(r"max_size (\d+)MB", (DEPLOY / "Caddyfile").read_text())
    assert nginx and int(nginx[1]) * 1024 * 1024 > bytes_allowed
    assert caddy and int(caddy[1]) * 1000 * 1000 > bytes_allowed


def test_no_proxy_writes_down_what_people_searched_for():
    """A query may hold a name or a number (ASVS 14.2.1), and a Referer holds the query of the page before.

    The link of a calendar is a secret by itself.
    """
    nginx, caddy = ((DEPLOY / name).read_text() for name in ("nginx.conf", "Caddyfile"))
    (form,) = re.findall(r"log_format (\w+) (.*?);", nginx, re.DOTALL)
    logs = re.findall(r"access_log (\S+)(?: (\w+))?;", nginx)
    assert logs and all(named == form[0] for _file, named in logs)
    written = set(re.findall(r"\$(\w+)", form[1]))
    assert "portal_path" in written and re.search(r"map \$uri \$portal_path \{\s*~\^/c/ +/c/;", nginx)
    assert not written & {
        "uri",
        "request",
        "request_uri",
        "args",
        "query_string",
        "http_referer",
        "http_cookie",
    }
    assert r'request>uri regexp "(/c/)[0-9a-f]+|\?.*" "$1"' in caddy
    assert all(f"request>headers>{name} delete" in caddy for name in ("Cookie", "Referer"))


@pytest.mark.hard
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_writes_no_query(tmp_path: Path):
    tmp_path.chmod(0o755)
    with nginx(tmp_path, free_port("127.0.0.1", 18470)) as front:  # nobody listens behind it
        assert ask(front, "/find?q=10012345678")[0] == ask(front, "/c/0a1b2c.ics")[0] == 502
    lines = (tmp_path / "portal.access.log").read_text()
    assert '"GET /find" 502' in lines and "10012345678" not in lines
    assert '"GET /c/" 502' in lines and "0a1b2c" not in lines


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed")
def test_caddy_reads_its_file(tmp_path: Path):
    text = (DEPLOY / "Caddyfile").read_text()
    version = subprocess.run(["caddy", "version"], capture_output=True, text=True, check=True).stdout
    if re.match(r"v?2\.[0-6]\.", version):
        text = text.replace("request_buffers 12MB", "buffer_requests")
    file = tmp_path / "Caddyfile"
    file.write_text(text.replace("/var/log/caddy", str(tmp_path)))
    done = subprocess.run(
        ["caddy", "validate", "--adapter", "caddyfile", "--config", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "portal.example.cn")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(clock.now() - timedelta(days=1))
    made = made.not_valid_after(clock.now() + timedelta(days=1))
    (folder / "fullchain.pem").write_bytes(
        made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
    )
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@contextmanager
def nginx(folder: Path, portal: int) -> Iterator[int]:
    """Run nginx on deploy/nginx.conf as it stands but for ports, certificate and log."""
    certificate(folder)
    port = free_port("127.0.0.1", 18443)
    plain = free_port("127.0.0.1", 18480)
    site = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("127.0.0.1:8000", f"127.0.0.1:{portal}"),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("/etc/nginx/portal", str(folder)),
        ("/var/log/nginx", str(folder)),
    ):
        assert old in site
        site = site.replace(old, new)
    site = re.sub(r"\n +listen \[::\].*", "", site)
    (folder / "site.conf").write_text(site)
    temporary = "\n".join(
        f"{one}_temp_path {folder}/{one};" for one in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; daemon off; worker_processes 1;\n"
        f"events {{}}\nhttp {{ {temporary}\ninclude {folder}/site.conf; }}\n"
    )
    tested = subprocess.run(["nginx", "-t", "-c", str(main)], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    running = subprocess.Popen(["nginx", "-c", str(main)], stderr=subprocess.DEVNULL)
    try:
        _until_open(port)
        yield port
    finally:
        running.terminate()
        running.wait(10)


def _until_open(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nobody listens on {port}")


@pytest.mark.hard
@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_behind_nginx_a_body_that_never_comes_costs_nothing(tmp_path: Path):
    """Twenty senders hold their bodies back, five times the threads there are; pages answer all the same."""
    tmp_path.chmod(0o755)
    assert init(tmp_path, *WORDS).returncode == 0
    settings = tmp_path / "portal.toml"
    text = settings.read_text().replace("http://127.0.0.1:8000", "https://portal.example.cn")
    settings.write_text(text.replace("tls = false", "tls = true\nproxies = 1"))
    port = free_port("127.0.0.1", 18800)
    served = start(tmp_path, "serve", "--port", str(port), "--workers", "1", "--no-worker")
    try:
        _until_open(port)
        with nginx(tmp_path, port) as front:
            slow = [_hold_back(front) for _ in range(20)]
            began = time.monotonic()
            for _ in range(5):
                status, headers, _ = ask(front, "/login")
                assert status == 200
            assert time.monotonic() - began < 5
            for one in slow:
                one.close()
            assert headers.get_all("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"]
            assert len(headers.get_all("Content-Security-Policy")) == 1 and "Server" in headers
            assert "/" not in headers["Server"], "no version"
            assert "Secure" in headers["Set-Cookie"] and "__Host-" in headers["Set-Cookie"]
            status, _, body = ask(front, "/login", data=b"x" * (13 * 1024 * 1024))
            assert status == 413
            _, _, body = ask(front, "/readyz")
            assert body == b"ready\n"
    finally:
        served.terminate()
        served.communicate(timeout=30)


def ask(port: int, path: str, data: bytes | None = None) -> tuple[int, object, bytes]:
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    asked = urllib.request.Request(
        f"https://127.0.0.1:{port}{path}", data=data, headers={"Host": "portal.example.cn"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=15, context=trust) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def _hold_back(port: int) -> ssl.SSLSocket:
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    made = trust.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10))
    made.sendall(
        b"POST /login HTTP/1.1\r\nHost: portal.example.cn\r\nContent-Length: 1000\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nphone=1"
    )
    return made
