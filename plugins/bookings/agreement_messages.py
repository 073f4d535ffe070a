"""The notices about agreements: to whoever may sign for a party. A lock screen shows no name of a venue."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from portal.api import Actor, civil, district, ngettext, notices, session, who_may
from portal.api import lazy_gettext as _l

from . import agreement_words, permissions
from .models import BookingsAgreement, BookingsVenue
from .service.parties import may_sign_a, may_sign_b, path_of


def _declare(event: str, title: Any, inside: Any, *, kind: str = "result") -> None:
    body = _l("场地的共享协议有新情况，请登录查看。")
    notices.declare(
        notices.Template(key=f"bookings.agreement_{event}", title=title, body=body, inside=inside, kind=kind)
    )


_declare(
    "proposed",
    _l("有一份共享协议请您看"),
    _l("%(venue)s的共享协议（%(dates)s）写好了草稿，请看内容。先由场地单位签，再由另一方签。"),
    kind="duty",
)
_declare(
    "to_sign",
    _l("有一份共享协议等您签"),
    _l("%(venue)s的共享协议（%(dates)s）场地单位签好了，等您这一方签。"),
    kind="duty",
)
_declare("active", _l("共享协议生效了"), _l("%(venue)s的共享协议两方都签好了：%(dates)s。"))
_declare(
    "given_back", _l("共享协议退回去改了"), _l("%(venue)s的共享协议退回去改了：%(why)s。改好以后要重新签。")
)
_declare("suspended", _l("共享协议暂停了"), _l("%(venue)s的共享协议暂停了：%(why)s。%(left)s"))
_declare("resumed", _l("共享协议恢复了"), _l("%(venue)s的共享协议恢复了，又可以约了。"))
_declare("ended", _l("共享协议结束了"), _l("%(venue)s的共享协议结束了：%(why)s。%(left)s"))
_declare("ends", _l("共享协议要结束了"), _l("%(venue)s的共享协议到%(last)s为止：%(why)s。%(left)s"))
_declare(
    "ending",
    _l("共享协议快到期了"),
    _l("%(venue)s的共享协议%(last)s到期。要续，请另写一份协议，两方再签。%(left)s"),
    kind="reminder",
)
_declare("over", _l("共享协议到期了"), _l("%(venue)s的共享协议到期了，以后的时间约不了了。%(left)s"))


def tell(event: str, row: BookingsAgreement, *, by: Actor | None, kept: int = 0, key: str = "") -> None:
    """Tell the other party of what one did, or both of what time did, once; in the caller's transaction.

    ``kept`` is how many bookings take place after the end all the same.
    """
    left = ngettext("以后还有%(num)s个预约照常用。", "以后还有%(num)s个预约照常用。", kept)
    venue = session.get_one(BookingsVenue, row.venue_id)
    values = {
        "venue": venue.name,
        "dates": agreement_words.dates(row),
        "last": civil(row.valid_to - timedelta(days=1)) if row.valid_to is not None else "",
        "why": row.reason.rstrip("。."),
        "left": left if kept else "",
    }
    for account_id in sorted(_told(row, by)):
        notices.notify(
            f"bookings.agreement_{event}",
            account_id=account_id,
            district_id=row.district_id,
            params=values,
            url=f"/d/{district().code}/bookings/agreements/{row.uid}",
            dedupe_key=f"bookings:agreement:{event}:{row.id}:{key or row.version}:{account_id}",
        )


def _told(row: BookingsAgreement, by: Actor | None) -> set[int]:
    """Return who stands for a party that somebody does not stand for; for both where it is no one side's."""
    path = path_of(row.party_a_id)
    staff = _holders([""])
    other = _holders([path_of(row.party_b_id)]) - staff if row.party_b_id is not None else set()
    # Where nobody of an organization has an account, the district is told for it.
    sides = {"a": _holders([path]) - staff, "b": other or staff}
    if by is None:
        return sides["a"] | sides["b"]
    own = {side for side, theirs in (("a", may_sign_a(by, path)), ("b", may_sign_b(by, row))) if theirs}
    others = [side for side in sides if side not in own] or list(sides)
    return {account_id for side in others for account_id in sides[side]} - {by.account_id}


def _holders(paths: Iterable[str]) -> set[int]:
    here = district()
    return {one.account_id for path in paths for one in who_may(permissions.MANAGE, here, path=path)}
