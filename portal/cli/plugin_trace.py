"""``portal plugins trace``: ask the display hooks as one role would, and say what each cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import click
from flask import current_app, g
from flask.cli import with_appcontext
from sqlalchemy import select

from portal import tracing
from portal.cli.common import district_option, find_district
from portal.current import registry
from portal.database import in_scope, session
from portal.database.core import reading
from portal.districts import context
from portal.identity.actor import Actor, Held
from portal.identity.models import BRANCH_ROLES, ROLES
from portal.members.models import Member
from portal.organizations.models import Organization
from portal.plugin import DistrictRef, MemberRef

#: Called with the district alone, and with who looks.
PLAIN = ("payment_providers", "notice_channels", "switch_off_warnings")
SEEN = ("nav_items", "home_cards", "todo_items")


@click.command()
@district_option
@click.option(
    "--as", "role", type=click.Choice(ROLES), default="member", show_default=True, help="Who looks."
)
@with_appcontext
def trace(district_code: str, role: str) -> None:
    """Ask the display hooks of the plugins that are on, reading only: how long, how much, which error.

    Names and numbers only; no person is named. On real pages a deployer sees the same in the browser's tools
    (the header Server-Timing) while trace_hooks is set.
    """
    place = find_district(district_code)
    here = context.ref(place.id)
    with _reading(here):
        actor, member = _looking(role, here)
        with tracing.traced() as calls:
            for hook in PLAIN:
                _ask(hook, here, {})
            for hook in SEEN:
                _ask(hook, here, {"actor": actor})
            if member is not None:
                _ask("member_panels", here, {"actor": actor, "member": member})
    click.echo(f"{'hook':<22} {'plugin':<20} {'ms':>8} {'items':>6}")
    for call in sorted(calls, key=lambda one: -one.seconds):
        what = call.error or str(call.size)
        click.echo(f"{call.hook:<22} {call.slug:<20} {call.seconds * 1000:>8.1f} {what:>6}")
    failed = [call for call in calls if call.error]
    if failed:
        raise click.ClickException(
            f"{len(failed)} calls failed; portal plugins doctor, and the log, say more"
        )


def _ask(hook: str, here: DistrictRef, arguments: dict[str, Any]) -> None:
    for slug, call in registry().implementers(hook):
        if slug in here.plugins_on:
            try:
                tracing.asked(hook, slug, call, {"district": here, **arguments})
            except Exception:
                # Noted with its kind; the others are asked all the same.
                session.rollback()


@contextmanager
def _reading(here: DistrictRef) -> Iterator[None]:
    """Stand in the district's start page, in a transaction that cannot write."""
    token = reading.set(True)
    session.remove()
    try:
        with current_app.test_request_context(f"/d/{here.code}/"), in_scope({here.id}):
            g.district, g.district_code = here, here.code
            yield
    finally:
        session.remove()
        reading.reset(token)


def _looking(role: str, here: DistrictRef) -> tuple[Actor, MemberRef | None]:
    """Return somebody who has the role here, with the first member's record, but without an account."""
    row = session.scalars(
        select(Member)
        .where(Member.closed_on.is_(None), Member.organization_id.is_not(None))
        .order_by(Member.id)
    ).first()
    actor = Actor(account_id=0, plugins_on=here.plugins_on)
    if role not in {"member", "resident"}:
        path = None
        if role in BRANCH_ROLES and row is not None:
            path = session.scalar(select(Organization.path).where(Organization.id == row.organization_id))
        actor = replace(actor, held=(Held(role=role, path=path),))
    if row is None:
        return actor, None
    if role == "member":
        actor = replace(actor, member_id=row.id, member_uid=row.uid, organization_id=row.organization_id)
    who = MemberRef(
        id=row.id,
        uid=row.uid,
        person_id=row.person_id,
        district_id=row.district_id,
        name="",
        organization_id=row.organization_id,
    )
    return actor, who
