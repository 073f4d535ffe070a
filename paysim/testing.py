"""Run the simulator inside a test: a thread on free ports, and the credentials of its merchants."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from .simulator import Simulator


@contextmanager
def running(
    folder: Path | None = None, *, portal: str = "http://127.0.0.1:1", seed: int = 1
) -> Iterator[Simulator]:
    """Run a simulator; `portal` may be set later with `set_portal`."""
    with tempfile.TemporaryDirectory(prefix="paysim-") as temporary:
        simulator = Simulator(folder or Path(temporary), portal=portal, seed=seed)
        simulator.start()
        try:
            yield simulator
        finally:
            simulator.stop()


def credentials(
    simulator: Simulator, slug: str = "demo", payee_name: str = "示例收款单位", **options: str
) -> dict[str, Any]:
    """Return a merchant's account as a portal would configure it, the merchant made if it is new.

    Keys as in `merchants.json`: slug, mchid, appid, payee_name, base_url, settings (merchant_serial,
    public_key_id, ...), secrets (private_key, apiv3_key, public_key, app_secret, platform_certificates).
    """
    return simulator.registry.describe(simulator.registry.ensure(slug, payee_name, **options), simulator.url)


@pytest.fixture(scope="session")
def paysim_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for the whole run: making keys is slow."""
    with running(tmp_path_factory.mktemp("paysim")) as simulator:
        yield simulator


@pytest.fixture
def paysim(paysim_process: Simulator) -> Simulator:
    """The simulator, with nothing left over from the test before."""
    paysim_process.set_portal("http://127.0.0.1:1")
    paysim_process.reset()
    return paysim_process
