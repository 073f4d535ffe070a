"""``portal district``: the tree of districts; a real installation begins with its first one."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from portal import audit
from portal.cli.common import account_of, find_district
from portal.database import everything, session, transaction
from portal.districts import queries, service
from portal.districts.models import District
from portal.districts.service import CODE, KINDS


@click.group()
def district() -> None:
    """Districts: add one, list them."""


@district.command()
@click.argument("code")
@click.argument("name")
@click.option("--kind", type=click.Choice(KINDS), required=True)
@click.option("--parent", help="The code of the district above; without it this is a top.")
@click.option("--by", help="Who ordered it: phone or user name, for the trail.")
@with_appcontext
def add(code: str, name: str, kind: str, parent: str | None, by: str | None) -> None:
    """Add district CODE (230108, 340722-kfq) called NAME. The same again changes nothing."""
    name = name.strip()
    if not CODE.fullmatch(code):
        raise click.UsageError(f"{code!r} is no code: digits, for a park then a hyphen and small letters")
    if not 2 <= len(name) <= 80:
        raise click.UsageError("a name has 2 to 80 characters")
    above = find_district(parent) if parent else None
    with everything():
        who = account_of(by).id if by else None
        known = queries.by_code(code)
        if known is not None:
            if (known.name, known.kind, known.parent_id) == (name, kind, above.id if above else None):
                click.echo(f"{code} {name}: known already")
                return
            raise click.ClickException(f"{code} is there already: {known.name} ({known.kind})")
        with transaction():
            made = service.create(code=code, name=name, kind=kind, parent=above)
            audit.record("district.add", ("district", made.id), actor=who, district=made.id)
        click.echo(f"{code} {name}: added")


@district.command("list")
@with_appcontext
def list_districts() -> None:
    """Print the tree."""
    with everything():
        for row in session.scalars(select(District).order_by(District.path)):
            depth = len(row.ancestor_ids) - 1
            click.echo(f"{'  ' * depth}{row.code} {row.name} ({row.kind})")
