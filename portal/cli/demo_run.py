"""Start the demo's processes in their order, say when it is ready, and stop all of them together."""

from __future__ import annotations

import sys
import time
import urllib.error

import click
from flask import Flask

from portal import config, database
from portal.cli.db import upgrade_schema
from portal.cli.group import build
from portal.cli.ports import ask_here, free_or_explain, free_port
from portal.cli.serve import web_argv, worker_argv
from portal.cli.supervisor import Child, Supervisor
from portal.demo import accounts as demo_accounts
from portal.demo import merchants
from portal.demo.load import is_empty, load
from portal.demo.place import Place, place
from portal.demo.show import account_table


def run_demo(here: Place, host: str, port: int) -> None:
    """Serve until a signal comes; every child ends with us."""
    free_or_explain(host, port)
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
    url = f"http://{shown}:{port}"
    environment = {"PORTAL_PUBLIC_URL": url, "PYTHONPATH": str(config.ROOT)}
    supervisor = Supervisor(click.echo)
    supervisor.handle_signals()
    began = time.monotonic()
    try:
        click.echo("正在启动演示……")
        app = _prepare_data()
        _start_simulator(supervisor, app, here, url)
        with app.app_context():
            database.db.engine.dispose()
        web = Child("portal", web_argv(host, port, 2), environment, here.log("portal"))
        supervisor.start(web)
        supervisor.start(Child("worker", worker_argv(), environment, here.log("worker")))
        if supervisor.wait(lambda: _answers(f"{url}/readyz"), seconds=60):
            _welcome(here, url, time.monotonic() - began)
            supervisor.run()
        elif not supervisor.stopping:
            raise click.ClickException(f"the portal does not become ready; see {here.log('portal')}")
    finally:
        supervisor.stop()
    click.echo("演示已停止，数据已保留。")


def _prepare_data() -> Flask:
    app = build()
    with app.app_context():
        upgrade_schema()
        if is_empty():
            click.echo("正在写入演示数据……")
            load(place())
        database.session.remove()
    return app


def _start_simulator(supervisor: Supervisor, app: Flask, here: Place, url: str) -> None:
    """Start the payment simulator and enter its merchants; a copy without it goes without paying."""
    if not (config.ROOT / "paysim" / "__main__.py").exists():
        return
    port = free_port("127.0.0.1", int(url.rsplit(":", 1)[1]) + 1)
    control = free_port("127.0.0.1", port + 1)
    here.simulator.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "paysim", "--data", str(here.simulator), "--portal", url]
    argv += ["--port", str(port), "--ctl-port", str(control)]
    with app.app_context():
        for slug, payee in merchants.payees().items():
            argv += ["--merchant", f"{slug}={payee}"]
    supervisor.start(Child("paysim", argv, {"PYTHONPATH": str(config.ROOT)}, here.log("paysim")))
    if supervisor.wait(lambda: _answers(f"http://127.0.0.1:{port}"), seconds=60):
        with app.app_context():
            merchants.connect(here)
            database.session.remove()
    elif not supervisor.stopping:
        raise click.ClickException(f"the payment simulator does not start; see {here.log('paysim')}")


def _answers(url: str) -> bool:
    try:
        with ask_here(url):
            return True
    except urllib.error.HTTPError as error:
        # The simulator answers 404 at its root: it is there.
        return error.code < 500
    except OSError:
        return False


def _welcome(here: Place, url: str, seconds: float) -> None:
    click.echo(account_table(demo_accounts.read(here)))
    click.echo(f"验证码和动态口令在 {url}/demo/outbox 查看；停止请按 Ctrl-C。")
    click.echo(f"演示已就绪（{seconds:.0f}秒）：{url}/")
