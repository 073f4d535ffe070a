"""The documentation tells the truth: hooks, signatures, examples, the public API, commands."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from portal import api
from portal.cli import api_page, macros_page
from portal.cli.group import portal
from portal.config import ROOT
from tests.guards import docs

SNAPSHOT = ROOT / "tests" / "data" / "api.txt"
READERS = (
    "README.md",
    "README.zh-CN.md",
    "docs/api.md",
    "docs/architecture.md",
    "docs/hooks.md",
    "docs/macros.md",
    "docs/pages.md",
    "docs/plugins.md",
    "docs/operate.md",
    "docs/security.md",
    "docs/switchboard.md",
    "docs/tutorial.md",
)


def test_every_hook_is_documented_used_and_called():
    assert docs.problems(ROOT) == []


def test_the_public_api_is_the_one_that_was_agreed():
    """A changed name changes what plugins rely on: change the snapshot and the changelog with it."""
    assert sorted(api.__all__) == SNAPSHOT.read_text(encoding="utf-8").split()
    assert all(hasattr(api, name) for name in api.__all__)


@pytest.mark.parametrize("name", READERS)
def test_every_command_a_document_names_exists(name: str):
    targets = docs.make_targets(ROOT)
    for line in docs.commands((ROOT / name).read_text(encoding="utf-8")):
        words = [word for word in shlex.split(line) if not re.fullmatch(r"[A-Z_]+=\S*", word)]
        if words and words[0] == "make":
            assert set(words[1:]) <= targets | {""}, line
        elif words and Path(words[0]).name == "portal":
            assert resolves(words[1:]), line


def resolves(words: list[str]) -> bool:
    """Tell whether the words up to the first option name a command."""
    command: click.Command | None = portal
    context = click.Context(portal)
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        command = command.get_command(context, word)
        if command is None:
            return False
    return not isinstance(command, click.Group) or command.invoke_without_command


@pytest.mark.parametrize("name", READERS)
def test_every_link_to_a_file_leads_somewhere(name: str):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert ((ROOT / name).parent / target).exists(), f"{name}: {target}"


# --- the guard itself -----------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the files the guard reads, for planting faults."""
    for folder in ("portal", "plugins", "docs"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "*.png")
        )
    return tmp_path


def planted(copy: Path) -> list[str]:
    """Return the problems of a copy that the project itself does not have."""
    known = docs.problems(ROOT)
    return [one for one in docs.problems(copy) if one not in known]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_changed_signature_is_found(copy: Path):
    edit(
        copy / "portal/hookspecs.py",
        "def nav_items(district: DistrictRef, actor: Any)",
        "def nav_items(district: DistrictRef, who: Any)",
    )
    assert any("nav_items: the documented signature" in one for one in planted(copy))


def test_a_hook_without_section_plugin_or_caller_is_found(copy: Path):
    path = copy / "portal/hookspecs.py"
    path.write_text(
        path.read_text(encoding="utf-8")
        + '\n\n@hookspec\ndef novelty(district: DistrictRef) -> None:\n    """New."""\n'
    )
    assert planted(copy) == ["novelty has no section in docs/hooks.md"]
    page = copy / "docs/hooks.md"
    page.write_text(
        page.read_text(encoding="utf-8")
        + "\n## `novelty`\n\n```python\ndef novelty(district: DistrictRef) -> None\n```\n\n"
        "**Called** never. **Returns** nothing. **Example** none.\n"
    )
    assert planted(copy) == ["novelty is used by no plugin", "novelty is never called by the core"]


def test_a_section_without_hook_and_a_stale_example_are_found(copy: Path):
    page = copy / "docs/hooks.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n## `nav_itmes`\n\nOld.\n", encoding="utf-8")
    edit(copy / "plugins/dues/plugin.py", "return [commands.dues]", "return [commands.other]")
    assert planted(copy) == [
        "docs/hooks.md describes nav_itmes, which is no hook",
        "register_commands: its example is not in plugins/dues/plugin.py",
    ]


def test_every_example_of_the_reference_is_the_text_of_its_file():
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    found = re.findall(r"[Ff]rom `([\w/.]+)`:\n\n```python\n(.*?)\n```", text, re.DOTALL)
    assert len(found) == text.count("```python") > 0, "an example that names no file is held against nothing"
    for name, code in found:
        assert code in (ROOT / name).read_text(encoding="utf-8"), name


def test_the_page_of_the_api_says_what_the_code_says():
    """Written by a command: ``portal docs api --write``."""
    said = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert said == api_page.text(), "run: portal docs api --write"
    told = set(re.findall(r"^### `(\w+)`$", said, re.MULTILINE))
    assert told == set(api.__all__)


def test_the_page_of_the_macros_says_what_the_templates_say():
    """Written by a command: ``portal docs macros --write``."""
    said = (ROOT / "docs" / "macros.md").read_text(encoding="utf-8")
    assert said == macros_page.text(), "run: portal docs macros --write"
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "templates" / "macros").glob("*"))
    told = re.findall(r"^- `(\w+)\(", said, re.MULTILINE)
    assert sorted(told) == sorted(re.findall(r"{%-? macro (\w+)\(", source)), "a macro is left out"


def test_what_a_class_can_be_asked_and_what_is_raised_stand_on_the_page_of_the_api():
    said = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert "- `can(permission: str, at: str | None = None) -> bool` Tell whether" in said
    assert "Raises: Taken: somebody has one of them; nothing is taken." in said
    assert "- `crowd.crowd(data_dir: Path, work: str, given: Sequence[Any]" in said


def test_a_changed_signature_changes_the_page(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api, "go", lambda url, fast=False: url)
    assert "go(url, fast=False)" in api_page.text()
