"""docs/operate.md works as it stands: its `sh` blocks are run, its commands and options exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from portal.cli.group import portal
from portal.config import ROOT

OPERATE = ROOT / "docs" / "operate.md"
DEPLOY = ROOT / "deploy"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", OPERATE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.long
@pytest.mark.hard
def test_a_newcomer_can_copy_every_block_in_order(tmp_path: Path):
    """One shell runs them all as they stand; the first that fails names itself."""
    tools = tmp_path / "bin"
    tools.mkdir()
    wrapper = tools / "portal"
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m portal "$@"\n')
    wrapper.chmod(0o755)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    place = tmp_path / "place"
    environment = {
        **clean,
        "PATH": f"{tools}:{clean['PATH']}",
        "PLACE": str(place),
        "PORTAL_CONFIG": str(place / "portal.toml"),
    }
    script = "set -eu\n" + "\n".join(blocks("sh"))
    done = subprocess.run(
        ["sh", "-x", "-c", script],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "code: " in done.stdout and "restored: " in done.stdout and "Traceback" not in done.stderr


def named_commands(text: str) -> list[list[str]]:
    """Return the words after `portal` of every command in code: blocks, and words between backticks."""
    fenced = re.compile(r"```\w*\n(.*?)```", re.DOTALL)
    code = "\n".join(fenced.findall(text))
    code += "\n" + "\n".join(" ".join(one.split()) for one in re.findall(r"`([^`]+)`", fenced.sub("", text)))
    # Where a command may stand: at the start, after && || ; |, or by its path.
    found = re.findall(
        r"(?:^\s*|(?:&&|\|\||[;|]) |/)portal ([a-z][a-z-]*(?: [^\n;|&>]*)?)", code, re.MULTILINE
    )
    return [re.findall(r'"[^"]*"|\S+', one) for one in found]


def unknown(words: list[str]) -> str | None:
    """Return what of a command line does not exist, or None."""
    command: click.Command = portal
    context = click.Context(portal)
    rest = list(words)
    while rest[:1] == ["portal"]:  # a folder or an image of that name stood before it
        del rest[0]
    while rest and isinstance(command, click.Group) and not rest[0].startswith("-"):
        found = command.get_command(context, rest[0])
        if found is None:
            # A group that does something itself takes no word; elsewhere the word is a mistake.
            return " ".join(words)
        command, rest = found, rest[1:]
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    wrong = [one for one in rest if one.startswith("--") and one.split("=")[0] not in options]
    return f"{' '.join(words)}: {wrong[0]}" if wrong else None


def readers() -> list[Path]:
    # What Python compiles beside its own files is no text; another test may have imported them already.
    found = (path for path in DEPLOY.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return [OPERATE, *sorted(found)]


@pytest.mark.parametrize("path", readers(), ids=lambda path: path.name)
def test_every_command_and_option_exists(path: Path):
    text = path.read_text(encoding="utf-8")
    commands = named_commands(text) if path.suffix == ".md" else named_commands(f"```\n{text}```")
    assert [bad for bad in map(unknown, commands) if bad] == []


def test_a_planted_mistake_is_found():
    assert unknown(["backup", "--keeep", "3"]) and unknown(["backupp"]) and unknown(["db", "upgrad"])
    assert unknown(["backup", "verify", "FILE"]) is None and unknown(["init", "--print-sql"]) is None
    assert named_commands("say `portal health`\n```sh\ntrue && portal db check || true\n```") == [
        ["db", "check"],
        ["health"],
    ]


def test_every_setting_the_document_names_exists():
    from dataclasses import fields

    from portal.config import Config

    known = {one.name for one in fields(Config)}
    beginnings = r"`((?:backup|field|index|database|public|data|site|max|finds|codes|jobs|help)_[a-z_]+)`"
    named = set(re.findall(beginnings, OPERATE.read_text(encoding="utf-8")))
    assert named and named <= known, named - known
