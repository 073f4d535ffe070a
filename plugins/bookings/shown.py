"""What the page of one's own booking says: how things stand, in words, the same on phone and desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from portal.api import clock, ngettext
from portal.api import gettext as _

from . import words
from .models import BookingsBooking, BookingsOccurrence, BookingsStep
from .models.booking import LIVE
from .service.changing import OPEN


def may_change(row: BookingsOccurrence) -> bool:
    """Tell whether a time may still be moved or called off."""
    return row.state in OPEN and row.starts_at > clock.now()


def in_use(times: Sequence[BookingsOccurrence]) -> BookingsOccurrence | None:
    """Return the time somebody has checked in to and that is not over."""
    return next((row for row in times if row.state == "checked_in" and row.ends_at > clock.now()), None)


def headline(times: Sequence[BookingsOccurrence]) -> tuple[str, str]:
    """Return how a booking stands as a whole: words and the tone of its tag."""
    if len(times) == 1:
        label, tone = words.state_words(times[0].state, answered=times[0].decided_by is not None)
        return str(label), tone
    counted = Counter(row.state for row in times)
    now = clock.now()
    coming = [row for row in times if row.state in LIVE and row.ends_at > now]
    if counted["requested"]:
        text = ngettext("%(num)s次等答复", "%(num)s次等答复", counted["requested"])
        return text, "warn"
    if coming:
        return ngettext("还有%(num)s次", "还有%(num)s次", len(coming)), "ok"
    if counted["completed"] or counted["approved"] or counted["checked_in"]:
        return _("用完了"), "quiet"
    label, tone = words.state_words(times[-1].state, answered=times[-1].decided_by is not None)
    return str(label), tone


def next_words(
    booking: BookingsBooking, times: Sequence[BookingsOccurrence], *, venue: Any, phone: str
) -> list[str]:
    """Return what happens next: who has the request and until when, how one gets in, whom to call."""
    found: list[str] = []
    waiting = [row for row in times if row.state == "requested" and row.answer_by is not None]
    if waiting:
        until = words.until_words(min(row.answer_by for row in waiting if row.answer_by is not None))
        found.append(_("申请在%(venue)s那里，最晚%(until)s答复。", venue=venue.name, until=until))
        if any(row.competes for row in waiting):
            found.append(_("这段时间还没有给您留着，批准了才算约上；批给了别人，会替您排上候补。"))
        else:
            found.append(_("等答复的时候，时间给您留着。到时没人答复，时间会放出来。"))
    if any(row.state == "approved" and row.ends_at > clock.now() for row in times):
        if venue.key_how:
            found.append(_("怎么进门：%(how)s", how=venue.key_how))
        found.append(_("来不了请早点在这里取消，别人还能用。"))
    used = in_use(times)
    if used is not None:
        ends = used.ends_at.astimezone(clock.SHANGHAI)
        found.append(
            _("签到了，可以用到%(time)s。提前走请点一下，剩下的时间给别人用。", time=f"{ends:%H:%M}")
        )
    displaced = [row for row in times if row.state == "displaced"]
    if displaced and not booking.rule:
        found.append(_("这段时间用不了了，可以另约一个时间或另一间房。"))
    if phone:
        found.append(_("有事打%(phone)s。", phone=phone))
    return found


def timeline(
    steps: Sequence[BookingsStep], times: Sequence[BookingsOccurrence], names: Mapping[int | None, str]
) -> list[dict[str, Any]]:
    """Return the life of a booking for ``macros/timeline.html``; only accounts in ``names`` are named."""
    by_id = {row.id: row for row in times}
    found: list[dict[str, Any]] = []
    for step in steps:
        row = by_id.get(step.occurrence_id) if step.occurrence_id is not None else None
        when = words.when_words(row.starts_at, row.ends_at) if row is not None and len(times) > 1 else ""
        local = step.at.astimezone(clock.SHANGHAI)
        stopped = step.action in ("refused", "lapsed", "displaced", "outbid", "no_show")
        found.append(
            {
                "label": str(words.STEPS.get(step.action, step.action)),
                "state": "stopped" if stopped else "done",
                "at": f"{words.day_words(local.date())} {local:%H:%M}",
                "who": names.get(step.actor_id, ""),
                "note": _("：").join(one for one in (when, step.note) if one),
            }
        )
    waiting = [row for row in times if row.state == "requested" and row.answer_by is not None]
    if waiting:
        until = words.until_words(min(row.answer_by for row in waiting if row.answer_by is not None))
        found.append(
            {
                "label": _("等场地方答复"),
                "state": "now",
                "at": _("最晚%(until)s", until=until),
                "who": "",
                "note": "",
            }
        )
    return found
