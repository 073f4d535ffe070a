"""What a command waits for before it does anything."""

from __future__ import annotations

import subprocess
import sys

from portal.config import ROOT

#: Large packages few commands need; each is imported where it works.
LATE = ("alembic", "icalendar", "mako", "pypinyin", "xlsxwriter")


def test_large_packages_are_imported_where_they_work():
    asked = (
        "import sys; from portal.cli.group import CORE, Commands; import click\n"
        "group = Commands(); here = click.Context(group)\n"
        "assert len([group.get_command(here, name) for name in group.list_commands(here)]) > len(CORE)\n"
        f"print([name for name in {LATE} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
