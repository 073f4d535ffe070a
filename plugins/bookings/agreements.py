"""What an agreement lets whom do when: a shared venue is booked within it and not beyond (criterion 16)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from portal.api import civil, clock, session, workdays
from portal.api import gettext as _

from .hours import minute_words
from .models import BookingsAgreement
from .queries.places import Room
from .questions import Asker
from .verdicts import Refusal, Span


class Agreements:
    """The agreements in force on some shared venues, and the kinds of some days: read with two queries."""

    def __init__(self, rooms: Iterable[Room], spans: Sequence[Span]) -> None:
        """Read what is needed to judge these rooms at these times."""
        shared = sorted({room.venue_id for room in rooms if room.venue_kind == "shared"})
        self._known: dict[int, list[BookingsAgreement]] = {}
        if not shared or not spans:
            return
        found = session.scalars(
            select(BookingsAgreement)
            .where(BookingsAgreement.venue_id.in_(shared), BookingsAgreement.state == "active")
            .order_by(BookingsAgreement.valid_from, BookingsAgreement.id)
        )
        for agreement in found:
            self._known.setdefault(agreement.venue_id, []).append(agreement)
        days = {clock.civil(span.start) for span in spans} | {_last_day(span) for span in spans}
        self._kinds = {day: one.kind for day, one in workdays.span(min(days), max(days)).items()}

    def against(self, room: Room, span: Span, asker: Asker) -> list[Refusal]:
        """Return what stands against a time; the owner needs no agreement, nor whom its own staff let in.

        It is allowed when one agreement in force allows its day, its hours and who asks. Otherwise the
        clause of the one that came closest is shown.
        """
        if room.venue_kind != "shared" or asker.host:
            return []
        if room.owner_id is not None and room.owner_id == asker.organization_id:
            return []
        said = of_span(self._known.get(room.venue_id, ()), span, asker, self._kinds)
        return [] if said is None else [said]


def against(room: Room, spans: Sequence[Span], asker: Asker) -> dict[Span, list[Refusal]]:
    """Return what the agreements on one venue have against each time."""
    known = Agreements([room], spans)
    return {span: found for span in spans if (found := known.against(room, span, asker))}


def of_span(
    known: Iterable[BookingsAgreement], span: Span, asker: Asker, kinds: Mapping[date, str]
) -> Refusal | None:
    """Return the clause a time fails, of the agreement that came closest; None where one allows it.

    ``kinds`` are the calendar's words, work or off, for the days of the time.
    """
    closest: tuple[int, Refusal] | None = None
    for agreement in known:
        step, refusal = _one(agreement, span, asker, kinds)
        if refusal is None:
            return None
        if closest is None or step > closest[0]:
            closest = step, refusal
    if closest is not None:
        return closest[1]
    return Refusal(code="agreement", text=_("这个共享场地现在没有生效的协议，还不能约。"), field="room")


def _one(
    agreement: BookingsAgreement, span: Span, asker: Asker, kinds: Mapping[date, str]
) -> tuple[int, Refusal | None]:
    """Return how far the time got with this agreement, and the clause it failed."""
    first, last = clock.civil(span.start), _last_day(span)
    if first < agreement.valid_from or agreement.valid_to is not None and last >= agreement.valid_to:
        return 0, _clause(agreement, _("协议期限：%(dates)s。", dates=_dates(agreement)))
    if not _for_group(agreement, asker):
        return 1, _clause(agreement, _("协议没有把这里开放给您这样的使用人，请问场地单位。"), field="room")
    if agreement.hours and not _in_hours(agreement.hours, span, kinds):
        listed = _("、").join(window_words(one) for one in agreement.hours)
        return 2, _clause(agreement, _("协议约定的开放时间：%(hours)s。", hours=listed))
    return 3, None


def _clause(agreement: BookingsAgreement, text: str, *, field: str = "start") -> Refusal:
    said = _("和%(party)s的共享协议：%(text)s", party=agreement.party_b_name, text=text)
    return Refusal(code="agreement", text=said, field=field)


def _dates(agreement: BookingsAgreement) -> str:
    if agreement.valid_to is None:
        return _("%(first)s起", first=civil(agreement.valid_from))
    last = agreement.valid_to - timedelta(days=1)
    return _("%(first)s至%(last)s", first=civil(agreement.valid_from), last=civil(last))


def _for_group(agreement: BookingsAgreement, asker: Asker) -> bool:
    groups = set(agreement.groups)
    if "residents" in groups or "members" in groups and asker.is_member:
        return True
    if asker.organization_id is None:
        return False
    return "organizations" in groups or asker.organization_id in (
        *(agreement.named_ids if "named" in groups else ()),
        agreement.party_b_id,
    )


def _in_hours(hours: Sequence[Mapping[str, Any]], span: Span, kinds: Mapping[date, str]) -> bool:
    """Tell whether the windows of a day, put together where they meet, hold all of a time."""
    day = clock.civil(span.start)
    midnight = clock.at(day)
    open_from = open_to = -1
    for window in sorted(
        (one for one in hours if one["kind"] in (str(day.isoweekday()), kinds[day])),
        key=lambda one: int(one["opens"]),
    ):
        if window["opens"] > open_to:
            open_from = window["opens"]
        open_to = max(open_to, window["closes"])
        begins, stops = midnight + timedelta(minutes=open_from), midnight + timedelta(minutes=open_to)
        if begins <= span.start and span.end <= stops:
            return True
    return False


def window_words(window: Mapping[str, Any]) -> str:
    """Write a window of an agreement as 星期六 09:00—12:00."""
    day = {
        "1": _("星期一"),
        "2": _("星期二"),
        "3": _("星期三"),
        "4": _("星期四"),
        "5": _("星期五"),
        "6": _("星期六"),
        "7": _("星期日"),
        "work": _("工作日"),
        "off": _("休息日"),
    }[str(window["kind"])]
    return f"{day} {minute_words(window['opens'])}—{minute_words(window['closes'])}"


def _last_day(span: Span) -> date:
    return clock.civil(span.end - timedelta(microseconds=1))
