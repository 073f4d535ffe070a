"""What goes to the number of who has no account: no page can be opened with it, so whom to call is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portal.api import district, notices, settings
from portal.api import lazy_gettext as _l

from .queries import venues

#: By the key of what an account is told; what is not here reads the same for both.
WORDS: dict[str, Any] = {
    "requested": _l("您的场地申请收到了：%(date)s %(time)s。有答复会再告诉您。"),
    "competing": _l("您的场地申请收到了：%(date)s %(time)s。批准了才算约上，有答复会再告诉您。"),
    "outbid": _l("您申请的%(date)s %(time)s的场地没有约上。要另约，请联系服务台%(number)s。"),
    "booked": _l("场地约好了：%(date)s %(time)s。来不了，请联系服务台%(number)s。"),
    "approved": _l("您申请的场地批准了：%(date)s %(time)s。来不了，请联系服务台%(number)s。"),
    "refused": _l("您申请的%(date)s %(time)s的场地没有批准。要另约，请联系服务台%(number)s。"),
    "lapsed": _l("您申请的%(date)s %(time)s的场地到期没有答复。要另约，请联系服务台%(number)s。"),
    "displaced": _l("您约的%(date)s %(time)s的场地用不了了。要另约，请联系服务台%(number)s。"),
    "given_back": _l("您约的%(date)s %(time)s的场地又能用了，照原来的时间来就行。"),
    "cancelled": _l("您约的%(date)s %(time)s的场地取消了。有事请联系服务台%(number)s。"),
    "moved": _l("您约的场地改到了%(date)s %(time)s。来不了，请联系服务台%(number)s。"),
    "altered": _l("您约的%(date)s %(time)s的场地有改动。要问清楚，请联系服务台%(number)s。"),
    "offered": _l("您候补的场地有了，给您留到%(time)s。要的话，请在这之前联系服务台%(number)s。"),
    "left": _l("您候补的场地退掉了。还想要，请联系服务台%(number)s。"),
    "day_off": _l("放假安排公布了，您约的场地有的在休息日。来不了，请联系服务台%(number)s。"),
    "missed": _l(
        "您约的%(date)s %(time)s的场地没有签到，这次结束了。下次来不了，请早点告诉服务台%(number)s。"
    ),
}

for _key, _body in WORDS.items():
    notices.declare(notices.Template(key=f"bookings.{_key}_called", title=_l("场地预约有消息"), body=_body))


def send(key: str, *, phone: str, values: Mapping[str, str], district_id: int, venue_id: int) -> None:
    """Send what may stand on a lock screen to a number, with the telephone of the house or the district."""
    name = f"bookings.{key}_called" if key in WORDS else f"bookings.{key}"
    number = venues.venue(venue_id).contact_phone or str(settings.get(district(), "core.help_phone") or "")
    params = {one: values[one] for one in ("date", "time") if one in values} | {"number": number}
    notices.send_to_phone(name, phone=phone, params=params, district_id=district_id)
