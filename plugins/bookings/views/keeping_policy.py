"""Keep the rules of a venue or a room: each value inherited or its own, and where it comes from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for
from sqlalchemy import select

from portal.api import (
    District,
    Setting,
    district,
    go,
    once,
    render,
    required_version,
    requires,
    say,
    session,
    settings,
)
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from ..models import BookingsRoom, BookingsVenue
from ..policy import DECLARED
from ..service import ruling
from ..verdicts import Refused
from . import bookings
from .keeping_forms import refusals
from .keeping_hours import place_at

INHERIT, OWN = "inherit", "own"
#: What a small center never needs is folded away, and open where something in it is decided.
FOLDS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_l("几家同时申请、重复的预约、每人限多少"), ("pending", "series_ahead_days", "quota_minutes")),
    (_l("候补"), ("waiting_list", "offer_minutes")),
    (_l("签到，没到场"), ("release", "grace_before", "grace_after")),
    (
        _l("没到场记一次"),
        ("points", "late_hours", "points_limit", "points_days", "points_approval_days"),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One value of the form: what holds, what would come from above, and what is chosen."""

    setting: Setting
    name: str
    value: Any
    source: Any
    above: Any
    above_source: Any
    chosen: str
    text: str
    options: list[tuple[str, Any]]


@bookings.route("/keep/<any(venues,rooms):what>/<uid>/policy", methods=["GET", "POST"])
@requires("bookings.manage")
@once
def keep_policy(what: str, uid: str) -> Any:
    """Show and change what a venue or a room decides for itself."""
    venue, row, _room = place_at(what, uid)
    if request.method == "GET":
        return _page(what, venue, row)
    values, errors = _sent()
    if errors:
        return _page(what, venue, row, errors=errors)
    above = {name: value for name, (value, _source) in _above(venue, row).items()}
    try:
        ruling.decide(
            venue,
            row,
            version=required_version(),
            values=values,
            effective={**above, **values},
            by=g.actor,
        )
    except Refused as refused:
        return _page(what, venue, row, errors=refusals(refused))
    say(_("规则改好了，以后约的按新的来，已经约好的不变。"))
    return go(url_for("bookings.keep_policy", what=what, uid=uid))


def _page(
    what: str, venue: BookingsVenue, row: BookingsRoom | None, *, errors: dict[str, str] | None = None
) -> Any:
    kept = ruling.own(venue.id, row.id if row is not None else None)
    own = kept.values if kept is not None else {}
    above = _above(venue, row)
    return render(
        "bookings/keep_policy.html",
        block="content" if errors else None,
        status=422 if errors else 200,
        what=what,
        venue=venue,
        row=row,
        place=row if row is not None else venue,
        version=kept.version if kept is not None else 0,
        groups=_groups(
            [_field(setting, own, above, room=row is not None, errors=errors) for setting in DECLARED],
            errors or {},
        ),
        own=len(own),
        errors=errors or {},
    )


def _groups(fields: list[Field], errors: dict[str, str]) -> list[tuple[Any, list[Field], bool]]:
    """Return (heading, its fields, unfolded?); what everybody looks at comes first and has no heading."""
    folded = {name for _title, names in FOLDS for name in names}
    found: list[tuple[Any, list[Field], bool]] = [
        ("", [one for one in fields if one.name not in folded], True)
    ]
    for title, names in FOLDS:
        some = [one for one in fields if one.name in names]
        found.append((title, some, any(one.chosen != INHERIT or one.name in errors for one in some)))
    return found


def _above(venue: BookingsVenue, row: BookingsRoom | None) -> dict[str, tuple[Any, Any]]:
    """Return what a place would inherit, and from whom."""
    of_venue = ruling.own(venue.id, None) if row is not None else None
    decided = {setting.key: settings.explain(district(), setting.key) for setting in DECLARED}
    names = _names({one.source for one in decided.values()})
    found: dict[str, tuple[Any, Any]] = {}
    for setting in DECLARED:
        name = setting.key.removeprefix("bookings.")
        if of_venue is not None and name in of_venue.values:
            found[name] = of_venue.values[name], venue.name
        else:
            found[name] = decided[setting.key].value, names[decided[setting.key].source]
    return found


def _names(sources: set[int | None]) -> dict[int | None, Any]:
    """Return who decided something: this district, one above it, or nobody yet."""
    here = district()
    found: dict[int | None, Any] = {None: _("平台默认"), here.id: here.name}
    if above := sources - set(found):
        listed = select(District.id, District.name).where(District.id.in_(above))
        found |= {number: name for number, name in session.execute(listed)}
    return found


def _field(setting: Setting, own: Any, above: Any, *, room: bool, errors: dict[str, str] | None) -> Field:
    name = setting.key.removeprefix("bookings.")
    inherited, source = above[name]
    value = own.get(name, inherited)
    options = _options(setting)
    chosen, text = INHERIT, ""
    if errors is not None:
        chosen, text = request.form.get(f"set.{name}", ""), request.form.get(f"value.{name}", "")
    elif name in own:
        chosen = f"={int(value) if isinstance(value, bool) else value}" if options else OWN
        text = "" if options else str(value)
    return Field(
        setting=setting,
        name=name,
        value=words(setting, value),
        source=(_("本房间自己定的") if room else _("本场馆自己定的")) if name in own else source,
        above=words(setting, inherited),
        above_source=source,
        chosen=chosen,
        text=text,
        options=options,
    )


def _options(setting: Setting) -> list[tuple[str, Any]]:
    if setting.choices:
        return [(f"={key}", label) for key, label in setting.choices]
    return [("=1", _("是")), ("=0", _("否"))] if setting.type is bool else []


def words(setting: Setting, value: Any) -> Any:
    """Write a value as the form shows it."""
    if setting.choices:
        return dict(setting.choices).get(value, value)
    if setting.type is bool:
        return _("是") if value else _("否")
    return str(value)


def _sent() -> tuple[dict[str, Any], dict[str, str]]:
    values: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for setting in DECLARED:
        name = setting.key.removeprefix("bookings.")
        chosen = request.form.get(f"set.{name}", "")
        typed = unicodedata.normalize("NFKC", request.form.get(f"value.{name}", "")).strip()
        options = dict(_options(setting))
        if chosen == INHERIT:
            if typed:
                errors[name] = _("选了跟上面一样，旁边又填了数。请选自己定，或者把数删掉。")
        elif options and chosen in options:
            values[name] = chosen == "=1" if setting.type is bool else chosen[1:]
        elif not options and chosen == OWN and typed.isascii() and typed.isdigit() and len(typed) < 9:
            values[name] = int(typed)
        elif chosen == OWN:
            errors[name] = _("请填一个整数。")
        else:
            errors[name] = _("请选一个。")
    return values, errors
