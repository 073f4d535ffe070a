"""Say it loudly where the scanners are not installed."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name each scanner that did not run."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for name in ("wapiti", "sqlmap"):
        left_out = sum(f"{name} is NOT INSTALLED" in words for words in skipped)
        if left_out:
            line = f"{left_out} SCANS DID NOT RUN: {name} is not installed (PORTAL_{name.upper()})"
            terminalreporter.write_line(line, red=True, bold=True)
