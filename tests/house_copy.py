"""A copy of the whole house, to put a plugin into and run the checks on it as its author would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from portal.config import ROOT

#: Neither the history nor what other runs left behind; only what mypy knows saves a dozen seconds.
LEFT_OUT = (
    ".git",
    ".venv",
    "var",
    "__pycache__",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    "test-results",
    "*.mo",
    ".new-*",
)


def copy_house(target: Path) -> Path:
    """Copy the project's files to ``target``; plugins that a developer has not committed come along."""
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return target


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m words`` in a copy, with the copy's own code."""
    ours = ("PORTAL_", "PYTEST_", "PYTHONDONTWRITE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    # What the first process compiles the others read, and no test finds it among the sources.
    clean.setdefault("PYTHONPYCACHEPREFIX", f"{folder}.compiled")
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=900,
    )


def check(folder: Path, *words: str, **environment: str) -> str:
    """Run ``python -m words`` in a copy; it succeeds. Return what it says."""
    done = run(folder, *words, **environment)
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout[-3500:]}\n{done.stderr[-1500:]}"
    return done.stdout
