"""``portal catalogue``: keep the translations beside the code."""

from __future__ import annotations

import click

from portal.cli.common import is_installed
from portal.config import ROOT
from portal.web import languages


@click.group()
def catalogue() -> None:
    """Translations: Chinese is the source."""


@catalogue.command()
def update() -> None:
    """Take new strings in and drop those nobody uses; exit 1 while words are missing."""
    lacking = 0
    own = [] if is_installed(ROOT) else [(folder, ROOT) for folder in languages.folders()]
    # A plugin of its own project is looked after there, as long as it is installed with ``pip install -e``.
    others = [
        (folder, folder.parents[1]) for folder in languages.elsewhere() if not is_installed(folder.parent)
    ]
    for folder, root in [*own, *others]:
        for language in languages.LANGUAGES:
            count, empty = languages.update(folder, language, root)
            lacking += empty
            click.echo(f"{folder.parent.name} {language}: {count} strings, {empty} without words")
    if lacking:
        raise click.exceptions.Exit(1)
