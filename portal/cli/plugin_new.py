"""``portal plugins new``: a plugin that works and passes every test, to be made one's own."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import click

from portal import config
from portal.cli import plugin_maker, plugin_names


@click.command("new")
@click.argument("slug")
@click.option("--name", default="", help="What people call it, in Chinese.")
@click.option("--english", default="", help="What people call it in English.")
@click.option("--into", "folder", type=click.Path(path_type=Path), help="Where to put it.")
@click.option("--wheel", is_flag=True, help="A project of its own, found by its entry point.")
def new(slug: str, name: str, english: str, folder: Path | None, wheel: bool) -> None:
    """Make a plugin: pages, table, migration, permission, setting, job, card, English words and tests."""
    english = english.strip() or slug.replace("_", " ").capitalize()
    wanted = plugin_maker.Wanted(slug=slug, name=name.strip() or english, english=english)
    into = _where(folder, wheel=wheel)
    said = plugin_names.objection(slug, taken=_taken(into)) or (
        plugin_maker.bad_name(wanted.name) or plugin_maker.bad_name(wanted.english)
    )
    if said:
        raise click.UsageError(said)
    make = plugin_maker.make_project if wheel else plugin_maker.make_folder
    try:
        made = make(wanted, into)
    except OSError as error:
        raise click.ClickException(f"nothing was written: {error}") from error
    click.echo(f"made {made}")
    _say_what_is_next(slug, made, wheel=wheel, in_place=into == config.ROOT / "plugins")


def _where(folder: Path | None, *, wheel: bool) -> Path:
    if folder is None:
        folder = Path.cwd() if wheel else config.ROOT / "plugins"
        if not wheel and not (config.ROOT / "pyproject.toml").exists():
            raise click.UsageError(
                "this portal was installed from a wheel and has no folder for plugins: use --wheel"
            )
    if not folder.is_dir():
        raise click.UsageError(f"there is no folder {folder}")
    return folder.resolve()


def _taken(into: Path) -> set[str]:
    """Return every slug there is: beside the new one, in the portal's own folder, by entry point."""
    folders = [into, config.ROOT / "plugins"]
    found = {path.parent.name for folder in folders for path in folder.glob("*/__init__.py")}
    return found | {entry.name for entry in entry_points(group="portal.plugins")}


def _say_what_is_next(slug: str, made: Path, *, wheel: bool, in_place: bool) -> None:
    steps = ["portal db upgrade", f"portal plugins on {slug} --district CODE"]
    if wheel:
        steps = [f"cd {made}", "pip install -e .", *steps, "python -m pytest"]
    elif in_place:
        steps.append(f'python -m pytest plugins/{slug} tests/test_every_plugin.py -k "{slug}"')
    click.echo("next:")
    for step in steps:
        click.echo(f"  {step}")
    click.echo("read docs/tutorial.md and docs/plugins.md")
