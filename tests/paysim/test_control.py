"""The control port, the seed, and the program itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests
from paysim_wire import Wire

from paysim.testing import running


@pytest.fixture
def wire(paysim):
    return Wire(paysim)


def control(sim, path, **body):
    return requests.post(f"{sim.ctl_url}/_ctl/{path}", json=body, timeout=10)


def look(sim, path):
    return requests.get(f"{sim.ctl_url}/_ctl/{path}", timeout=10).json()


def test_everything_may_be_done_over_the_control_port(wire):
    sim = wire.sim
    assert control(sim, "plan", drop=True).status_code == 200
    wire.order()
    assert control(sim, "faults", on="close", mode="500").status_code == 200
    assert wire.close().status_code == 500
    assert control(sim, "pay", out_trade_no="W00000001", late=True).json()["state"] == "SUCCESS"
    assert control(sim, "refunded", out_trade_no="W00000001").status_code == 200
    assert wire.query().json()["trade_state"] == "REFUND"
    assert look(sim, "balance/demo") == {"fen": 100}
    assert look(sim, "orders")["orders"][0]["out_trade_no"] == "W00000001"
    assert look(sim, "notifications")["notifications"][0]["state"] == "dropped"
    assert control(sim, "notify", out_trade_no="W00000001", copies=2).json() == {"statuses": [0, 0]}
    before = look(sim, "clock")
    control(sim, "clock", advance=3600)
    assert look(sim, "clock")["now"] > before["now"]
    assert look(sim, "clock")["wire"] - before["wire"] < 60
    assert control(sim, "settle").json() == {"settled": True}
    assert control(sim, "switches", paid_code="ORDER_PAID").json()["paid_code"] == "ORDER_PAID"
    assert control(sim, "users", merchant="demo").json()["openid"].startswith("o")
    slugs = [account["slug"] for account in look(sim, "merchants")["merchants"]]
    assert "demo" in slugs
    assert control(sim, "reset").status_code == 200
    assert look(sim, "orders") == {"orders": []}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("pay", {"out_trade_no": "W-NEVER-ASKED"}, 404),
        ("faults", {"on": "create", "mode": "explode"}, 400),
        ("faults", {"nonsense": 1}, 400),
        ("plan", {"nonsense": 1}, 400),
        ("users", {"merchant": "nobody"}, 404),
    ],
)
def test_wrong_controls_are_said(paysim, path, body, status):
    reply = control(paysim, path, **body)
    assert reply.status_code == status
    assert reply.json()["error"]


def test_control_is_not_on_the_public_port(paysim):
    assert requests.get(f"{paysim.url}/_ctl/orders", timeout=10).status_code == 404


def test_seed_repeats_the_numbers(tmp_path):
    codes = []
    for folder in ("a", "b"):
        with running(tmp_path / folder, seed=7) as sim:
            wire = Wire(sim)
            codes.append((wire.order().json()["code_url"], wire.merchant.mchid))
    assert codes[0] == codes[1]


def test_random_faults_come_at_the_asked_rate(wire):
    control(wire.sim, "faults", rate=1)
    with pytest.raises((requests.RequestException, AssertionError)):
        for _ in range(3):
            reply = wire.order()
            assert reply.status_code == 200
            assert not reply.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")


def test_restart_keeps_keys_orders_and_notifications(tmp_path):
    with running(tmp_path) as sim:
        wire = Wire(sim)
        assert wire.order().status_code == 200
        before = wire.account
    with running(tmp_path) as sim:
        wire = Wire(sim)
        for part in ("mchid", "secrets"):
            assert wire.account[part] == before[part]
        assert wire.query().json()["trade_state"] == "NOTPAY"
        assert wire.order().status_code == 200
    mode = (tmp_path / "keys.json").stat().st_mode | (tmp_path / "merchants.json").stat().st_mode
    assert mode & 0o077 == 0


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_program_serves_hands_out_credentials_and_stops(tmp_path):
    port, ctl_port = _free_port(), _free_port()
    command = [sys.executable, "-m", "paysim", "--data", str(tmp_path), "--portal", "http://127.0.0.1:1"]
    command += ["--port", str(port), "--ctl-port", str(ctl_port), "--merchant", "kfq=某经济开发区党工委"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ}) as process:
        try:
            assert "paysim: " in process.stdout.readline()
            accounts = json.loads((tmp_path / "merchants.json").read_text(encoding="utf-8"))
            assert [(a["slug"], a["payee_name"]) for a in accounts] == [("kfq", "某经济开发区党工委")]
            assert accounts[0]["base_url"] == f"http://127.0.0.1:{port}"
            assert requests.get(f"{accounts[0]['base_url']}/cashier/scan", timeout=5).status_code == 200
        finally:
            started = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - started < 5
