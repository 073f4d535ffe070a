"""``portal roles``: give, end and list roles; an installation is brought up with it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from portal import clock
from portal.cli.common import account_of, at, district_option, find_district, masked
from portal.database import everything, session
from portal.districts.models import District
from portal.identity import grants
from portal.identity.models import BRANCH_ROLES, Account
from portal.organizations.models import Organization

_WORDS = {
    "unknown": "no such role",
    "place": f"{', '.join(sorted(BRANCH_ROLES))} are held at an --organization, the others at the district",
    "days": "the last day lies before the first one, or is over",
    "self": "nobody gives or takes an own role: --by is this very account",
    "disabled": "this account is disabled",
    "member": "a branch's office needs a full member of this district, whose record the account has claimed",
    "last": "the last one: give the role to somebody else first",
    "past": "a role cannot end on a day that is over; yesterday is the earliest last day",
}

_account = click.option("--account", "who", required=True, help="Phone, user name or public id.")
_role = click.option("--role", required=True, type=click.Choice(grants.GIVEN))
_organization = click.option("--organization", help="Full name or number; for a branch's roles.")
_by = click.option("--by", help="Who ordered it: phone or user name, for the trail.")
_day = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def roles() -> None:
    """Roles: grant, end, list. They act on the next request; the account logs in anew."""


@roles.command()
@_account
@_role
@district_option
@_organization
@click.option("--from", "since", type=_day, help="First day; today if not said.")
@click.option("--until", type=_day, help="Last day; for good if not said.")
@_by
@with_appcontext
def grant(
    who: str,
    role: str,
    district_code: str,
    organization: str | None,
    since: datetime | None,
    until: datetime | None,
    by: str | None,
) -> None:
    """Give an account a role. The same again changes nothing."""
    place, account, actor = _meant(who, district_code, by)
    with at(place):
        where = _organization_of(organization, place)
        try:
            new = grants.give(
                account,
                role,
                district=place,
                organization_id=where.id if where else None,
                valid_from=since.date() if since else clock.today(),
                valid_to=until.date() + timedelta(days=1) if until else None,
                by=actor,
            )
        except grants.RoleRefused as refused:
            raise click.ClickException(_why(refused)) from None
        shown = f"{role} of {account.display_name} at {where.name if where else place.name}"
        click.echo(f"{shown}: {'given' if new else 'held already'}")


@roles.command()
@_account
@_role
@district_option
@_organization
@click.option("--until", type=_day, help="Last day; if not said it ends at once.")
@_by
@with_appcontext
def end(
    who: str, role: str, district_code: str, organization: str | None, until: datetime | None, by: str | None
) -> None:
    """Let a role end. One that is not held changes nothing."""
    place, account, actor = _meant(who, district_code, by)
    with at(place):
        where = _organization_of(organization, place)
        try:
            count = grants.end(
                account,
                role,
                district=place,
                organization_id=where.id if where else None,
                on=until.date() + timedelta(days=1) if until else clock.today(),
                by=actor,
            )
        except grants.RoleRefused as refused:
            raise click.ClickException(_why(refused)) from None
        shown = f"{role} of {account.display_name} at {where.name if where else place.name}"
        click.echo(f"{shown}: {'ends' if count else 'not held'}")


@roles.command("list")
@click.option("--district", "district_code", help="Only this district's and those below it.")
@click.option("--account", "who", help="Only this account's: phone, user name or public id.")
@click.option("--all", "ended", is_flag=True, help="Those that have ended too.")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
def list_roles(district_code: str | None, who: str | None, ended: bool, as_json: bool) -> None:
    """List who holds what, where and until when; numbers are masked."""
    with everything():
        places = None
        if district_code:
            top = find_district(district_code)
            below = select(District.id).where(District.path.startswith(top.path, autoescape=True))
            places = set(session.scalars(below))
        account_id = account_of(who).id if who else None
        found = [_line(one) for one in grants.lines(districts=places, account_id=account_id, ended=ended)]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for one in found:
        place = f"{one['district']} {one['organization'] or one['district_name']}"
        click.echo(
            f"{one['role']:<15} {place}  {one['name']} {one['phone']}  {one['from']} .. {one['until']}"
        )


def _line(one: grants.Line) -> dict[str, Any]:
    organization = session.get(Organization, one.organization_id) if one.organization_id else None
    last = one.valid_to - timedelta(days=1) if one.valid_to else None
    return {
        "account": one.account.uid,
        "name": one.account.display_name,
        "username": one.account.username or "",
        "phone": masked(one.account),
        "role": one.role,
        "district": one.district.code,
        "district_name": one.district.name,
        "organization": organization.name if organization else "",
        "from": one.valid_from.isoformat(),
        "until": last.isoformat() if last else "",
    }


def _meant(who: str, district_code: str, by: str | None) -> tuple[District, Account, int | None]:
    place = find_district(district_code)
    with everything():
        return place, account_of(who), account_of(by).id if by else None


def _organization_of(text: str | None, place: District) -> Organization | None:
    """Return the living organization of this full name or number here; none or several is a usage error."""
    if text is None:
        return None
    living = select(Organization).where(
        Organization.district_id == place.id, Organization.dissolved_on.is_(None)
    )
    named = session.scalars(living.where(Organization.name == text.strip())).all()
    if not named and text.isascii() and text.isdigit() and len(text) < 10:
        named = session.scalars(living.where(Organization.id == int(text))).all()
    if len(named) != 1:
        raise click.UsageError(f"no organization {text!r} in {place.code}; the full name is asked for")
    return named[0]


def _why(refused: grants.RoleRefused) -> str:
    if refused.grant is not None:
        until: date | None = refused.grant.valid_to
        last = f"until {until - timedelta(days=1)}" if until else "for good"
        return f"held already from {refused.grant.valid_from} {last}; end that first"
    return _WORDS[refused.reason]
