"""Carry out a plan: one transaction, every change in the trail, all of it or nothing."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from portal import audit
from portal.admin import configuring, plan, switchboard
from portal.admin.declared import File
from portal.admin.plan import Change, Plan
from portal.database import Conflict, everything, session, transaction
from portal.districts import service
from portal.districts.models import District
from portal.districts.switch import said


def carry_out(file: File, agreed: Plan, *, environment: Mapping[str, str], by: int | None) -> None:
    """Do what ``agreed`` says, if that is still the difference.

    Raises:
        Conflict: somebody changed something since the plan was made; nothing is done.
    """
    with everything(), transaction():
        for place in session.scalars(select(District.id).order_by(District.id)).all():
            service.hold(place)
        if plan.make(file, environment).changes != agreed.changes:
            raise Conflict
        new = {change.code: change for change in agreed.changes if change.what == "district"}
        for code in new:
            _create(new, code, by)
        for change in agreed.changes:
            _do(change, by)


def _create(new: dict[str, Change], code: str, by: int | None) -> District:
    known = session.scalar(select(District).where(District.code == code))
    if known is not None:
        return known
    values = new[code].after
    parent = _create(new, values["parent"], by) if values["parent"] else None
    made = service.create(code=code, name=values["name"], kind=values["kind"], parent=parent)
    audit.record("district.add", ("district", made.id), actor=by, district=made.id)
    return made


def _do(change: Change, by: int | None) -> None:
    place = session.scalars(select(District).where(District.code == change.code)).one()
    if change.what == "plugin":
        on, locked = said(change.after)
        service.force(place.id, change.key, on=on, locked=locked, by=by)
        switchboard.record(place.id, change.key, before=change.before, after=change.after, actor=by)
    elif change.what == "setting":
        configuring.change(place.id, change.key, change.after, actor=by)
    elif change.what in {"name", "kind"}:
        values = {"name": place.name, "kind": place.kind, change.what: change.after}
        service.rename(place, **values)
        audit.record(
            f"district.{change.what}",
            ("district", place.id),
            actor=by,
            district=place.id,
            detail={"before": change.before, "after": change.after},
        )
