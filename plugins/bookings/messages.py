"""The notices about bookings: what a lock screen may show, and what stands inside the portal.

A booking of an account is told there; one the desk wrote down for somebody goes to the number they left
(``messages_by_phone``).
"""

from __future__ import annotations

from typing import Any

from portal.api import clock, crypto, district, ngettext, notices
from portal.api import lazy_gettext as _l

from . import messages_by_phone as by_phone
from . import words
from .models import BookingsBooking, BookingsOccurrence, BookingsWish
from .models.booking import LIVE
from .queries import mine
from .queries.places import Room


def _declare(key: str, title: Any, body: Any, inside: Any, *, kind: str = "result") -> None:
    told = {"when": words.dated, "until": words.dated}
    notices.declare(
        notices.Template(key=f"bookings.{key}", title=title, body=body, inside=inside, kind=kind, words=told)
    )


_declare(
    "requested",
    _l("场地申请已收到"),
    _l("场地申请已收到，请登录查看。"),
    _l("您申请的%(room)s（%(when)s）已经替您留着，等场地方答复，最晚%(until)s。"),
)
_declare(
    "competing",
    _l("场地申请已收到"),
    _l("场地申请已收到，请登录查看。"),
    _l("您申请的%(room)s（%(when)s）收到了。这个时间几家可以同时申请，批准了才算约上，最晚%(until)s答复。"),
)
_declare(
    "outbid",
    _l("场地申请有答复了"),
    _l("场地申请有答复了，请登录查看。"),
    _l("您申请的%(room)s（%(when)s）批给了别人，已经替您排上候补，有空的会先通知您。点进来看排到第几。"),
)
_declare(
    "booked",
    _l("场地约好了"),
    _l("场地约好了：%(date)s %(time)s。请登录查看。"),
    _l("%(room)s约好了：%(when)s。"),
)
_declare(
    "approved",
    _l("场地申请通过了"),
    _l("场地申请通过了：%(date)s %(time)s。请登录查看。"),
    _l("您申请的%(room)s（%(when)s）通过了。"),
)
_declare(
    "refused",
    _l("场地申请有答复了"),
    _l("场地申请有答复了，请登录查看。"),
    _l("您申请的%(room)s（%(when)s）没有通过：%(why)s。可以换个时间或房间再约。"),
)
_declare(
    "lapsed",
    _l("场地申请到期了"),
    _l("场地申请到期没有答复，请登录查看。"),
    _l("您申请的%(room)s（%(when)s）到期没有人答复，时间放出来了。请再约一次，或者打电话问服务台。"),
)
_declare(
    "displaced",
    _l("场地安排有变"),
    _l("%(date)s的场地安排有变，请登录查看。"),
    _l("您约的%(room)s（%(when)s）用不了了：%(why)s。点进来看还有哪些时间。"),
)
_declare(
    "given_back",
    _l("场地又能用了"),
    _l("%(date)s %(time)s的场地又能用了，请登录查看。"),
    _l("您约的%(room)s（%(when)s）又能用了，照原来的时间来就行。另约了别的，请取消一个。"),
)
_declare(
    "cancelled",
    _l("场地预约取消了"),
    _l("%(date)s的场地预约取消了，请登录查看。"),
    _l("%(room)s（%(when)s）的预约取消了：%(why)s。"),
)
_declare(
    "moved",
    _l("场地预约改了时间"),
    _l("场地预约改到%(date)s %(time)s，请登录查看。"),
    _l("您的预约改到了%(room)s，%(when)s。"),
)
_declare(
    "altered",
    _l("场地预约有改动"),
    _l("%(date)s的场地预约有改动，请登录查看。"),
    _l("%(room)s（%(when)s）的预约改了：%(why)s。"),
)
_declare(
    "to_prepare",
    _l("场地准备有变化"),
    _l("%(date)s的场地准备有变化，请登录查看。"),
    _l("%(room)s（%(when)s）的准备变了：%(why)s。请照新的准备。"),
)
_declare(
    "offered",
    _l("候补轮到您了"),
    _l("您候补的场地有了，请在%(time)s前登录确认。"),
    _l("您候补的%(room)s（%(when)s）有了，给您留到%(until)s。要不要，请点进来选。"),
    kind="duty",
)
_declare(
    "left",
    _l("候补退掉了"),
    _l("候补的场地有变化，请登录查看。"),
    _l("本单位的同志退掉了%(room)s（%(when)s）的候补。还想要，可以再排。"),
)
_declare(
    "reminder",
    _l("场地预约提醒"),
    _l("您约的场地%(date)s %(time)s开始，请按时到。"),
    _l("%(room)s：%(when)s。来不了请早点取消，别人还能用。"),
    kind="reminder",
)
_declare(
    "day_off",
    _l("放假安排公布了"),
    _l("放假安排公布了，您约的场地有的在休息日，请登录查看。"),
    _l(
        "%(why)s年的放假安排公布了。按工作日约的%(room)s，有的在休息日：%(when)s。来不了的请点进来取消，要来的不用管。"
    ),
)
_declare(
    "to_answer",
    _l("有场地申请等您答复"),
    _l("有场地申请等您答复，请登录查看。"),
    _l("%(room)s（%(when)s）的申请还没有答复，最晚%(until)s，到时没有答复就失效了。"),
    kind="duty",
)
_declare(
    "missed",
    _l("场地预约没有签到"),
    _l("您%(date)s %(time)s的场地预约没有签到，请登录查看。"),
    _l("%(room)s（%(when)s）到时间没有签到，这次预约结束了。下次来不了请早点取消，别人还能用。"),
)
_declare(
    "counted",
    _l("场地预约没有签到"),
    _l("您%(date)s %(time)s的场地预约没有签到，请登录查看。"),
    _l("%(room)s（%(when)s）到时间没有签到，记了一次。不是这样的，点进来说明情况，会有人回复。"),
)
_declare(
    "appealed",
    _l("您的说明有答复了"),
    _l("您的说明有答复了，请登录查看。"),
    _l("%(room)s（%(when)s）那一次：%(why)s。"),
)


def asked(booking: BookingsBooking, room: Room, *, waits: bool) -> None:
    """Say that a request came in, or that the room is booked."""
    # A day left out of a series is not booked, were it the first of them.
    times = [row for row in mine.times(booking.id) if row.state in LIVE]
    waiting = "competing" if any(row.competes for row in times) else "requested"
    template, key = waiting if waits else "booked", f"asked:{booking.id}"
    tell(template, booking, times[0], room, key=key, times=len(times))


def displaced(booking: BookingsBooking, row: BookingsOccurrence, room: Room, *, why: str) -> None:
    """Say that somebody's time is gone, why, and lead to other times."""
    tell("displaced", booking, row, room, key=f"displaced:{row.id}:{row.version}", why=why)


def tell(
    template: str,
    booking: BookingsBooking,
    row: BookingsOccurrence,
    room: Room,
    *,
    key: str,
    why: str = "",
    times: int = 1,
    to: int | None = None,
    url: str = "",
) -> None:
    """Tell whoever a booking belongs to, once for one key, in the caller's transaction.

    ``times``: so many times of the booking are meant, ``row`` is the first of them.
    ``to`` is another account instead; ``url`` leads elsewhere than to the booking (below /bookings/).
    """
    start = row.starts_at.astimezone(clock.SHANGHAI)
    values = {
        "date": f"{start.month}-{start.day}",
        "time": f"{start:%H:%M}",
        "room": f"{room.venue} {room.name}",
        "when": _when(row) if times == 1 else _several(row, times),
        "why": why.rstrip("。."),
        "until": _until(row),
    }
    _send(
        template,
        account_id=booking.account_id if to is None else to,
        phone=phone_of(booking) if to is None else "",
        district_id=booking.district_id,
        values=values,
        url=_address(url or booking.uid),
        key=f"bookings:{key}",
        room=room,
    )


def offered(wish: BookingsWish, room: Room) -> None:
    """Say to one person that the time is held for them, and until when."""
    assert wish.hold_until is not None
    until = wish.hold_until.astimezone(clock.SHANGHAI)
    short = f"{until.month}-{until.day} {until:%H:%M}"
    _of_wish("offered", wish, room, time=short, until=f"{until:%Y-%m-%d %H:%M}")


def left(wish: BookingsWish, room: Room) -> None:
    """Say that somebody of the same organization gave up a place in line."""
    _of_wish("left", wish, room)


def _of_wish(template: str, wish: BookingsWish, room: Room, **values: str) -> None:
    _send(
        template,
        account_id=wish.account_id,
        phone=wish_phone(wish),
        district_id=wish.district_id,
        values={"room": f"{room.venue} {room.name}", "when": _when(wish), **values},
        url=_address(f"wishes/{wish.uid}"),
        key=f"bookings:{template}:{wish.id}",
        room=room,
    )


def phone_of(booking: BookingsBooking) -> str:
    """Return the number left with a booking, or nothing."""
    if booking.phone_sealed is None:
        return ""
    return crypto.decrypt("bookings_booking.phone_sealed", booking.uid, booking.phone_sealed)


def wish_phone(wish: BookingsWish) -> str:
    """Return the number left with a wish, or nothing."""
    if wish.phone_sealed is None:
        return ""
    return crypto.decrypt("bookings_wish.phone_sealed", wish.uid, wish.phone_sealed)


def _send(
    template: str,
    *,
    account_id: int | None,
    phone: str,
    district_id: int,
    values: dict[str, str],
    url: str,
    key: str,
    room: Room,
) -> None:
    if account_id is not None:
        notices.notify(
            f"bookings.{template}",
            account_id=account_id,
            district_id=district_id,
            params=values,
            url=url,
            dedupe_key=key,
        )
    elif phone:
        by_phone.send(template, phone=phone, values=values, district_id=district_id, venue_id=room.venue_id)


def _address(rest: str) -> str:
    # Jobs have no request to make an address from.
    return f"/d/{district().code}/bookings/{rest}"


def _when(row: Any) -> str:
    start, end = row.starts_at.astimezone(clock.SHANGHAI), row.ends_at.astimezone(clock.SHANGHAI)
    if end.date() == start.date():
        return f"{start:%Y-%m-%d %H:%M}—{end:%H:%M}"
    # A night names the day it ends on: 23:00—01:00 alone is two hours or twenty-two.
    return f"{start:%Y-%m-%d %H:%M}—{end:%Y-%m-%d %H:%M}"


def _several(row: Any, times: int) -> str:
    return ngettext("%(when)s起，一共%(num)s次", "%(when)s起，一共%(num)s次", times, when=_when(row))


def _until(row: BookingsOccurrence) -> str:
    return "" if row.answer_by is None else f"{row.answer_by.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
