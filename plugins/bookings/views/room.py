"""One room: what it has, when it is open, how to get there, and when it is free on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import abort, g, request, url_for

from portal.api import clock, district, ngettext, public, render, workdays
from portal.api import gettext as _

from .. import typed, verdicts, words
from ..actors import asker, organizations
from ..agreements import Agreements
from ..judging import not_open_to
from ..policy import policy_of
from ..queries import closures, places, venues, windows
from ..queries.places import Room
from ..verdicts import Refusal, Span
from . import bookings


def room_or_404(uid: str) -> Room:
    """Return a room of this district; another's is as good as none."""
    found = places.room(uid=uid)
    if found is None:
        abort(404)
    return found


@bookings.get("/rooms/<room_uid>")
@public
def room(room_uid: str) -> Any:
    """Show a room and its day; who has it is nobody's business."""
    found = room_or_404(room_uid)
    policy = policy_of(district(), found)
    today = clock.today()
    day = max(typed.day(request.args, "day") or today, today)
    last = today + timedelta(days=policy.max_ahead_days)
    people = typed.whole(request.args.get("people", "")) or None
    times = windows.of_day([found], day)[found.id]
    agreed = _not_agreed(found, times.free)
    return render(
        "bookings/room.html",
        block="content",
        room=found,
        venue=venues.venue(found.venue_id),
        lent=venues.lent(found.venue_id),
        policy=policy,
        facts=_facts(found),
        not_for=[*(not_open_to(policy, asker(g.actor)) if g.actor.is_authenticated else []), *agreed],
        shut=any(one.field == "room" for one in agreed),
        day=day,
        calendar=workdays.span(day, day)[day],
        times=times,
        closed=closures.of_room(found, clock.at(day), clock.at(day + timedelta(days=1))),
        before=_day_url(found, day - timedelta(days=1), people) if day > today else None,
        after=_day_url(found, day + timedelta(days=1), people) if day < last else None,
        last=last,
        people=people,
        words=words,
        typed=typed,
        lasting=verdicts.lasting,
    )


def _not_agreed(found: Room, free: Sequence[Span]) -> list[Refusal]:
    """Return what the agreements have against this person's using the room on this day, in any name."""
    if not g.actor.is_authenticated or not free:
        return []
    known = Agreements([found], free)
    names = [None, *organizations(g.actor)]
    said = [known.against(found, span, asker(g.actor, organization_id=one)) for span in free for one in names]
    return said[0] if all(said) else []


def _day_url(found: Room, day: Any, people: int | None) -> str:
    return url_for("bookings.room", room_uid=found.uid, day=day.isoformat(), people=people) + "#day"


def _facts(found: Room) -> list[tuple[str, str]]:
    """Return what a room is, in words."""
    features = words.features_words(found.features)
    steps = _("不走台阶，轮椅能到") if found.step_free else _("要走台阶")
    listed = [
        (_("哪里"), " ".join(one for one in (found.venue, found.floor) if one)),
        (_("地址"), found.address),
        (_("是什么房间"), str(words.ROOM_KINDS.get(found.kind, found.kind))),
        (_("坐多少人"), ngettext("%(num)s人", "%(num)s人", found.capacity)),
        (_("房间里有"), features),
        (_("好不好走"), steps),
        (_("介绍"), found.about),
    ]
    return [one for one in listed if one[1]]
