"""``portal plugins new``: what it makes passes every check as it is, and a bad slug makes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal.cli import plugin_maker
from portal.cli.group import portal
from portal.plugin import Plugin
from portal.registry import Registry
from tests.house_copy import check, copy_house, run

#: The guards that read the tree and the plugin; the walks over every route are run by make check-hard.
GUARDS = (
    "tests/test_layers.py",
    "tests/test_lint_rules.py",
    "tests/test_catalogue_en.py",
    "tests/test_data_classes.py",
    "tests/database/test_history.py",
)
WALKS = ("tests/test_routes.py", "tests/test_escaped.py", "tests/test_neighbours.py", "tests/test_docs.py")
QUIET = ("-q", "-x", "-p", "no:cacheprovider", "-m", "not hard and not browser")


def new(*words: str) -> Result:
    return CliRunner().invoke(portal, ["plugins", "new", *words])


@pytest.mark.long
@pytest.mark.once
def test_a_new_plugin_passes_every_check_as_it_is(tmp_path: Path):
    house = copy_house(tmp_path / "house")
    check(house, "portal", "plugins", "new", "wall", "--name", "心愿墙", "--english", "Wish wall")
    made = house / "plugins" / "wall"
    assert "心愿墙" in (made / "plugin.py").read_text(encoding="utf-8")
    assert "[[" not in "".join(path.read_text(encoding="utf-8") for path in made.rglob("*.*"))
    check(house, "ruff", "check", "plugins/wall")
    check(house, "ruff", "format", "--check", "plugins/wall")
    check(house, "djlint", "--lint", "plugins/wall")
    told = check(house, "pytest", *QUIET, "plugins/wall", "tests/test_every_plugin.py", "-k", "wall")
    assert int(told.rpartition(" passed")[0].split()[-1]) > 25, "the checks did not find the plugin"
    check(house, "pytest", *QUIET, *GUARDS)


@pytest.mark.long
@pytest.mark.hard
def test_also_the_shortest_and_the_longest_slug_make_one_that_passes(tmp_path: Path):
    slugs = ("qz", "a_service_whose_name_is_as_long")
    house = copy_house(tmp_path / "house")
    for slug in slugs:
        check(house, "portal", "plugins", "new", slug)
    check(house, "ruff", "check", ".")
    check(house, "ruff", "format", "--check", ".")
    check(house, "mypy")
    made = [f"plugins/{slug}" for slug in slugs]
    check(house, "pytest", *QUIET, *made, "tests/test_every_plugin.py", "-k", " or ".join(slugs))
    check(house, "pytest", *QUIET, *GUARDS, *WALKS)


def said(revision: Path) -> list[str]:
    """Return what a revision does, without blank lines and Alembic's remarks."""
    lines = revision.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and "# ###" not in line]


def test_a_change_of_its_model_becomes_its_next_revision(tmp_path: Path):
    house = copy_house(tmp_path / "house")
    check(house, "portal", "plugins", "new", "wall")
    place = {"PORTAL_ENV": "development", "PORTAL_DATA": str(tmp_path / "data"), "PORTAL_TLS": "0"}
    # The skeleton's first revision is the one that would be written today, policies and all.
    first = house / "plugins" / "wall" / "migrations" / "0001_initial.py"
    kept = first.rename(tmp_path / "0001_initial.py")
    check(house, "portal", "db", "upgrade", **place)
    check(house, "portal", "db", "revision", "wall", "-m", "initial", **place)
    assert said(first) == said(kept)
    model = house / "plugins" / "wall" / "models.py"
    text = model.read_text(encoding="utf-8")
    column = (
        '    pinned: Mapped[bool] = mapped_column(default=False, server_default="0", info={"class": 1})\n'
    )
    model.write_text(text.replace("    __table_args__", f"{column}\n    __table_args__"), encoding="utf-8")
    assert "portal db upgrade" in run(house, "portal", "db", "revision", "wall", "-m", "x", **place).stderr
    check(house, "portal", "db", "upgrade", **place)
    told = check(house, "portal", "db", "revision", "wall", "-m", "pinned entries", **place)
    made = house / "plugins" / "wall" / "migrations" / "0002_pinned_entries.py"
    assert str(made) in told and "pinned" in made.read_text(encoding="utf-8")
    check(house, "portal", "db", "upgrade", **place)
    assert "nothing changed" in check(house, "portal", "db", "revision", "wall", "-m", "again", **place)
    check(house, "ruff", "format", "--check", "plugins/wall")


@pytest.mark.parametrize(
    ("slug", "word"),
    [
        ("Wall", "small letters"),
        ("w", "small letters"),
        ("wall_", "underscores"),
        ("a" * 32, "2 to 31"),
        ("心愿", "small letters"),
        ("../wall", "small letters"),
        ("class", "word of Python"),
        ("dues", "already"),
        ("dues_extra", "prefix"),
        ("offline", "prefix"),
        ("login", "login_"),
        ("member", "core has a table"),
        ("desk", "the core uses this word"),
    ],
)
def test_a_slug_that_would_collide_is_refused_in_words(slug: str, word: str, tmp_path: Path):
    done = new(slug, "--into", str(tmp_path))
    assert done.exit_code == 2 and word in done.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ['"', "a\nb", "{{ x }}", "100%", "x" * 41, "<b>", "[[slug]]"])
def test_a_name_that_would_break_the_code_is_refused(name: str, tmp_path: Path):
    done = new("wall", "--name", name, "--into", str(tmp_path))
    assert done.exit_code == 2 and "a name" in done.output
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_and_nothing_is_left_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "wall").mkdir()
    (tmp_path / "wall" / "notes.txt").write_text("mine")
    done = new("wall", "--into", str(tmp_path))
    assert done.exit_code == 1 and "nothing was written" in done.output
    assert [path.name for path in tmp_path.rglob("*")] == ["wall", "notes.txt"]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(plugin_maker.languages, "update", full)
    done = new("hall", "--into", str(tmp_path))
    assert done.exit_code == 1 and "No space left" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["wall"]
    assert new("hall", "--into", str(tmp_path / "nowhere")).exit_code == 2


def test_plugins_whose_tables_would_mix_do_not_load_together():
    def plugin(slug: str) -> Plugin:
        members = {"slug": slug, "name": slug, "description": slug}
        return type(slug, (Plugin,), members)()

    registry = Registry()
    registry._admit("house", plugin("house"))
    registry._admit("houses", plugin("houses"))
    with pytest.raises(ValueError, match="carry its prefix"):
        registry._admit("house_rules", plugin("house_rules"))
