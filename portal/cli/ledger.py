"""``portal ledger``: prove that the books are as they were written."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from portal.database import everything, session
from portal.ledger.models import Book
from portal.ledger.verify import verify as verify_book


@click.group()
def ledger() -> None:
    """The books."""


@ledger.command()
@with_appcontext
def verify() -> None:
    """Check every entry of every book; exit 1 and name the entry when one was touched."""
    wrong = 0
    with everything():
        for book in session.scalars(select(Book).order_by(Book.id)):
            found = verify_book(book)
            wrong += len(found)
            click.echo(f"book {book.uid}: entries {book.seq}, {'ok' if not found else 'NOT ok'}")
            for finding in found:
                click.echo(f"  {finding.change}: entry {finding.seq} {finding.idem or ''}".rstrip())
    if wrong:
        raise click.exceptions.Exit(1)
