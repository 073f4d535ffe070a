"""``portal catalogue``: keep the translations beside the code."""

from __future__ import annotations

import click

from portal.web import languages


@click.group()
def catalogue() -> None:
    """Translations: Chinese is the source."""


@catalogue.command()
def update() -> None:
    """Take new strings in and drop those nobody uses; exit 1 while words are missing."""
    lacking = 0
    for folder in languages.folders():
        for language in languages.LANGUAGES:
            count, empty = languages.update(folder, language)
            lacking += empty
            click.echo(f"{folder.parent.name} {language}: {count} strings, {empty} without words")
    if lacking:
        raise click.exceptions.Exit(1)
