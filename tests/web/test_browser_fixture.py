"""A machine without a browser: the tests are left out loudly, and never silently in CI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.once  # as what it runs
@pytest.mark.parametrize(
    "ci, code, words", [("", 0, "1 BROWSER TESTS DID NOT RUN"), ("true", 1, "no Chromium")]
)
def test_without_a_browser(ci: str, code: int, words: str):
    asked = [sys.executable, "-m", "pytest", "-q", "tests/web/test_looks.py", "-k", "target"]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**own, "CI": ci, "PORTAL_CHROMIUM": "/nowhere/chromium"}
    ran = subprocess.run(asked, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == code, ran.stdout
    assert words in ran.stdout
