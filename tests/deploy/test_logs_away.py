"""deploy/rsyslog-portal.conf: lines reach another machine whole, also those written while it was away."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from portal.cli.ports import free_port
from portal.config import ROOT

CONF = ROOT / "deploy" / "rsyslog-portal.conf"


def test_lines_are_sent_sealed_kept_meanwhile_and_never_thrown_away():
    text = CONF.read_text(encoding="utf-8")
    for wanted in (
        'StreamDriver="gtls" StreamDriverMode="1"',
        'StreamDriverAuthMode="x509/name"',
        'queue.filename="portal-away"',
        'queue.saveOnShutdown="on"',
        'action.resumeRetryCount="-1"',
    ):
        assert wanted in text
    for unit in ("web", "worker", "backup"):
        # The name by which the lines are picked is the one that the units write under.
        assert "SyslogIdentifier=portal\n" in (ROOT / "deploy" / f"portal-{unit}.service").read_text()
    assert "$programname == 'portal'" in text
    said = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    assert "deploy/rsyslog-portal.conf" in said


class Collector:
    """Another machine that listens."""

    def __init__(self, port: int) -> None:
        self.lines: list[str] = []
        self.server = socket.create_server(("127.0.0.1", port))
        self.server.settimeout(30)
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()

    def _listen(self) -> None:
        try:
            caller, _address = self.server.accept()
        except OSError:
            return
        with caller, caller.makefile(encoding="utf-8") as lines:
            for line in lines:
                self.lines.append(line)

    def wait(self, word: str) -> str:
        """Return the line with a word in it, once it is there."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            for line in self.lines:
                if word in line:
                    return line
            time.sleep(0.1)
        raise AssertionError(f"no line with {word}: {self.lines}")


def write(path: Path, tag: str, message: str) -> None:
    """Write a line as a service's standard error reaches the syslog socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
        to.sendto(f"<30>Nov 22 10:00:00 {tag}[7]: {message}".encode(), str(path))


@pytest.mark.hard
@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="rsyslog is not installed")
def test_rsyslog_sends_them_and_what_was_written_meanwhile(tmp_path: Path):
    port = free_port("127.0.0.1", 18650)
    # As it stands but for the collector's name and the certificates, which another machine would have.
    text = (
        CONF.read_text(encoding="utf-8").replace("logs.example.org", "127.0.0.1").replace("6514", str(port))
    )
    text = re.sub(r"\n\s*StreamDriver\S* .*|\n\s*StreamDriverAuthMode.*", "", text)
    text = text.replace('resumeInterval="5"', 'resumeInterval="1"')
    inner = re.sub(r"global\(.*?\n\)\n", "", text, flags=re.DOTALL)
    path = tmp_path / "log"
    main = tmp_path / "rsyslog.conf"
    main.write_text(
        f'global(workDirectory="{tmp_path}" maxMessageSize="64k")\n'
        'module(load="imuxsock" SysSock.Use="off")\n'
        f'input(type="imuxsock" Socket="{path}" CreatePath="on" UseSysTimeStamp="on")\n{inner}'
    )
    server = subprocess.Popen(["rsyslogd", "-n", "-f", str(main), "-i", str(tmp_path / "pid")])
    collector = None
    try:
        end = time.monotonic() + 10
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.1)
        long = {"event": "用语", "level": "info", "words": "字" * 4000}
        write(path, "portal", json.dumps({"event": "while it was away"}))
        write(path, "cron", "not of the portal")
        time.sleep(1)
        collector = Collector(port)
        assert "portal 7" in collector.wait("while it was away")
        write(path, "portal", json.dumps(long, ensure_ascii=False))
        line = collector.wait("用语")
        assert json.loads(line[line.index("{") :]) == long
        assert not any("cron" in one for one in collector.lines)
    finally:
        server.terminate()
        server.wait(20)
        if collector is not None:
            collector.thread.join(10)
            collector.server.close()
