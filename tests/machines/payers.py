"""People who pay, in plain HTTP and without hurry: they look, send the form, pay at the cashier, look again.

Whoever gets no answer, or the page that says "not now", sends the very same form again, as a person does with
the button. ``acknowledged`` is what was said to somebody: the channel heard 204, or the payer read 已交费.
"""

from __future__ import annotations

import html
import re
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import requests

from plugins.dues.months import shifted, span
from portal import clock
from tests.machines.installation import Channel

PHONE = "Mozilla/5.0 (Linux; Android 13; PHONE) AppleWebKit/537.36 Chrome/116 Mobile Safari/537.36"
#: What a person takes for "not now, once more": no answer, or a page that says so.
AGAIN = frozenset({0, 500, 502, 503, 504})


@dataclass
class Tally:
    """What happened to everybody, kept while they pay."""

    seen_paid: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    #: Pages that a person should never see.
    wrong: list[str] = field(default_factory=list)
    #: Seconds from the first failure of a step to its success.
    waits: list[float] = field(default_factory=list)
    #: Whoever had not paid all when the time was over: what they saw last, a step a line.
    unfinished: list[str] = field(default_factory=list)


class Payer(threading.Thread):
    """One member with one browser; pays month after month until all are paid or the time is over."""

    def __init__(self, base: str, code: str, cookie: str, tally: Tally, stop: threading.Event) -> None:
        super().__init__(daemon=True, name="payer")
        self.base, self.code, self.tally, self.stop = base, code, tally, stop
        self.cookie = cookie
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["User-Agent"] = PHONE
        self.error: BaseException | None = None
        self._seen: deque[str] = deque(maxlen=12)

    def run(self) -> None:
        """Pay, and keep what went wrong for whoever joins."""
        try:
            for month in span(shifted(clock.month(), -2), clock.month()):
                if not self.stop.is_set():
                    self._pay(month)
        except _Stopped:
            self.tally.unfinished.append("\n".join(self._seen))
        except BaseException as error:
            self.error = error

    def _pay(self, month: str) -> None:
        while True:
            page = self._order(month)
            cashier = self._cashier(page)
            if cashier is not None:
                break  # else it is over, nothing was paid, and the page says so: once more
        if cashier:
            asked = self.http.get(cashier, headers={"Referer": page}, timeout=20)
            if asked.ok:
                self.http.post(asked.url, data={"act": "pay_stay"}, timeout=20)
        while "已交费" not in self._step("GET", f"{page}?back=1").text:
            self._wait()
        self.tally.seen_paid.append(page.rsplit("/", 1)[1])

    def _order(self, month: str) -> str:
        """Send the form of a month; return the page it leads to."""
        dues = f"{self.base}/d/{self.code}/dues/"
        form = self._step("GET", f"{dues}pay?month={month}").text
        fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
        assert {"csrf_token", "_once", "month", "way"} <= set(fields), form[:2000]
        begun = self._step("POST", f"{dues}pay", data={name: html.unescape(v) for name, v in fields.items()})
        assert begun.status_code == 303, begun.text[:2000]
        return urljoin(self.base, begun.headers["Location"])

    def _cashier(self, page: str) -> str | None:
        """Look at a payment's page until it leads to the cashier; "" when paid, None when it is over."""
        while True:
            shown = self._step("GET", page)
            if "已交费" in shown.text:
                return ""
            if "这次没有付成" in shown.text:
                return None
            found = re.search(r'href="([^"]*checkmweb[^"]*)"', shown.text)
            if found:
                return html.unescape(found[1])
            self._button(page, shown.text)  # the channel's answer is not known yet: the page's button asks
            self._wait()

    def _button(self, page: str, text: str) -> None:
        token = re.search(r'name="csrf_token" value="([^"]+)"', text)
        action = "go" if "/go" in text else "check"
        if token:
            self._step("POST", f"{page}/{action}", data={"csrf_token": token[1]})

    def _step(self, method: str, url: str, **given: Any) -> requests.Response:
        """Do one step until it is answered in a way that a person takes for an answer."""
        failed = 0.0
        while True:
            status, answer = 0, None
            try:
                answer = self.http.request(
                    method,
                    url,
                    headers={"Cookie": f"portal={self.cookie}"},
                    timeout=15,
                    allow_redirects=False,
                    **given,
                )
                status = answer.status_code
            except requests.RequestException:
                pass
            self.tally.statuses[status] += 1
            self._seen.append(_line(method, url, answer))
            if answer is not None and status not in AGAIN:
                if failed:
                    self.tally.waits.append(time.monotonic() - failed)
                return answer
            if answer is not None and (status != 503 or "Traceback" in answer.text):
                self.tally.wrong.append(f"{method} {url}: {status} {answer.text[:300]}")
            failed = failed or time.monotonic()
            self._wait(0.3)

    def _wait(self, seconds: float = 0.5) -> None:
        if self.stop.wait(seconds):
            raise _Stopped


def _line(method: str, url: str, answer: requests.Response | None) -> str:
    said = "no answer"
    if answer is not None:
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
        said = f"{answer.status_code} {answer.headers.get('Location', '')} {heading[1] if heading else ''}"
    return f"{time.strftime('%H:%M:%S')} {method} {url}: {' '.join(said.split())}"


class _Stopped(Exception):
    pass


class Crowd:
    """Several payers at once, and what they were told."""

    def __init__(self, base: str, code: str, cookies: list[str]) -> None:
        self.tally, self._stop = Tally(), threading.Event()
        self.payers = [Payer(base, code, cookie, self.tally, self._stop) for cookie in cookies]

    def begin(self, *, apart: float = 0.0) -> None:
        """Let everybody start, one after the other."""
        for payer in self.payers:
            payer.start()
            time.sleep(apart)

    def join(self, *, seconds: float) -> None:
        """Wait until all have paid all; whoever has not by then stops. Raises: what a payer met."""
        end = time.monotonic() + seconds
        for payer in self.payers:
            payer.join(max(0.1, end - time.monotonic()))
        self._stop.set()
        for payer in self.payers:
            payer.join(30)
            if payer.error is not None:
                raise payer.error


def delivered(channel: Channel) -> set[str]:
    """Return the order numbers whose notification the portal has answered with 2xx."""
    rows = channel.ask("notifications")["notifications"]
    return {row["out_trade_no"] for row in rows if row["state"] == "delivered"}


def waiting(channel: Channel) -> list[str]:
    """Return the order numbers whose notification will be sent again."""
    rows = channel.ask("notifications")["notifications"]
    return [row["out_trade_no"] for row in rows if row["state"] == "waiting"]


def paid(channel: Channel) -> set[str]:
    """Return the order numbers for which somebody's money was taken."""
    return {row["out_trade_no"] for row in channel.ask("orders")["orders"] if row["paid_at"]}
