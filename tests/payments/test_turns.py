"""A channel that hangs holds a few threads of a process, never all of them."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from portal.payments import providers


def test_whoever_comes_when_enough_calls_hang_is_told_that_nothing_was_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(providers, "TURN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:  # takes connections and never says a word
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"

        def ask(_number: int) -> tuple[type[BaseException] | None, float]:
            began, kind = time.monotonic(), None
            try:
                providers._Http().request("GET", url, timeout=(1, 2))
            except requests.RequestException as error:
                kind = type(error)
            return kind, time.monotonic() - began

        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(ask, range(6)))
        refused = [seconds for kind, seconds in found if kind is requests.ConnectTimeout]
        assert len(refused) == 6 - providers.AT_ONCE and max(refused) < 1.5
        assert [kind for kind, _ in found].count(requests.ReadTimeout) == providers.AT_ONCE
        assert ask(0)[0] is requests.ReadTimeout, "a turn is given back"


def test_a_refused_turn_is_an_order_that_never_left(monkeypatch: pytest.MonkeyPatch):
    """WeChat's client may then order again under the same number, at its second site or later."""
    from plugins.wechatpay.client import _never_sent

    taken: list[Any] = [providers._turns.acquire() for _ in range(providers.AT_ONCE)]
    monkeypatch.setattr(providers, "TURN", 0.01)
    try:
        with pytest.raises(requests.ConnectionError) as caught:
            providers._Http().request("GET", "http://127.0.0.1:9/")
        assert _never_sent(caught.value)
    finally:
        for _ in taken:
            providers._turns.release()
