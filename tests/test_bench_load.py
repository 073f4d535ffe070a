"""`make bench` refuses what breaks the promise about waiting; how fast it really is, the bench measures."""

from __future__ import annotations

import ast
import http.server
import threading
from collections import Counter
from collections.abc import Iterator

import pytest

from bench import load
from bench.pages import PAGES, Page
from portal.config import ROOT


def times(*, slow: int, of: int = 1000, seconds: float = 1.0) -> tuple[float, ...]:
    return (0.1,) * (of - slow) + (seconds,) * slow


def test_what_is_promised_is_not_refused():
    assert load.faults(load.Load(times(slow=50), ())) == [], "five of a hundred may wait longer"
    assert load.faults(load.Load((0.79,) * 10, ())) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (load.Load(times(slow=51), ()), "within 1000 ms"),
        (load.Load((0.8,), ()), "within 800 ms"),
        (load.Load(times(slow=0), ("/find: 503",)), "1 pages failed, the first: /find: 503"),
        (load.Load((), ()), "no page came at all"),
    ],
)
def test_above_it_it_is_refused(found: load.Load, words: str):
    [fault] = load.faults(found)
    assert words in fault


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: Counter[str] = Counter()

    def do_GET(self) -> None:
        self.asked[f"{self.path} {self.headers['Cookie'] or ''}".strip()] += 1
        self.send_response(500 if self.path == "/fails" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    Answers.asked.clear()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield int(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()


def test_every_page_is_asked_for_and_what_fails_is_told(port: int):
    pages = [Page("a", "/a"), Page("b", "/b", who="member"), Page("c", "/fails")]
    found = load.measure(port, {"member": "portal=s.x"}, pages=pages, rate=300, seconds=0.1)
    assert Answers.asked == {"/a": 10, "/b portal=s.x": 10, "/fails": 10}
    assert len(found.times) == 30 and Counter(found.errors) == {"/fails: 500": 10}
    assert load.faults(found)[-1].startswith("10 pages failed")


def test_nobody_there_is_an_error(port: int):
    found = load.measure(9, {}, pages=[Page("a", "/a")], rate=100, seconds=0.05)
    assert len(found.errors) == 5


def test_the_plan_asks_for_every_page_and_meets_all_of_it():
    planned = load.plan()
    assert set(planned) == set(PAGES)
    reached = {number * 7 % len(planned) for number in range(len(planned))}
    assert len(reached) == len(planned), "the stride leaves no page out"


def test_the_bench_ends_with_what_it_found(capsys: pytest.CaptureFixture[str]):
    assert load.report(load.Load(times(slow=0), ())) == 0
    assert "95 of 100 within 100 ms (at most 800), 0 of 1000 failed" in capsys.readouterr().out
    assert load.report(load.Load(times(slow=900), ("/find: 503",))) == 1
    assert capsys.readouterr().out.count("REFUSED: ") == 2
    main = ast.parse((ROOT / "bench" / "__main__.py").read_text(encoding="utf-8"))
    ends = [ast.unparse(one) for one in ast.walk(main) if isinstance(one, ast.Raise)]
    assert ends == ["raise SystemExit(load.report(borne))"], "the command ends with it"
