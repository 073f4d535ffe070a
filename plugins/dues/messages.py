"""What people are told about their dues. Outward nothing about membership or money, inside what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, select

from portal.api import (
    Account,
    District,
    DistrictRef,
    Member,
    clock,
    connection,
    delegations,
    notices,
    prepared,
    rows,
    session,
)
from portal.api import lazy_gettext as _l

from . import page_words
from .models import DuesAssessment, DuesRelief
from .queries.places import here
from .queries.vouchers import shown_number
from .service.receipts import Issued

_DISTRICT: Any = District.__table__
_CODE = select(_DISTRICT.c.code).where(_DISTRICT.c.id == bindparam("district_id"))


def _months(words: Callable[[list[str]], str]) -> dict[str, Callable[[str], str]]:
    """Let the months of a message be kept as such ("2026-09 2026-10") and be written for its reader."""
    # Messages of earlier days hold the words themselves.
    return {"months": lambda kept: words(kept.split()) if kept.isascii() else kept}


VOUCHER = notices.declare(
    notices.Template(
        key="dues.voucher",
        title=_l("您有一条新消息"),
        body=_l("您办的事有了结果，请登录服务平台查看。"),
        inside=_l("%(months)s党费已登记，凭证号%(number)s。"),
        words=_months(page_words.dated),
    )
)

BASE = notices.declare(
    notices.Template(
        key="dues.base",
        kind="duty",
        title=_l("您有一条新消息"),
        body=_l("有一件事请您看一遍，请登录服务平台。"),
        inside=_l("支部登记了您的党费基数，请看一遍，没错就确认。"),
    )
)

#: A month that has come; and months gone by, without blame: the branch may know better.
REMIND = notices.declare(
    notices.Template(
        key="dues.remind",
        kind="reminder",
        title=_l("您有一条新消息"),
        body=_l("有一件事可以办了，请登录服务平台查看。"),
        inside=_l("本月党费可以交了。已交请忽略，不会用手机的请找支部。"),
    )
)
ARREARS = notices.declare(
    notices.Template(
        key="dues.arrears",
        kind="duty",
        title=_l("您有一条新消息"),
        body=_l("有一件事请您看一下，请登录服务平台查看。"),
        inside=_l("%(months)s的党费还没登记。交过的请找支部核对，没交的可以在这里补交。"),
        words=_months(page_words.month_list),
    )
)


HELPED = notices.declare(
    notices.Template(
        key="dues.helped",
        title=_l("您有一条新消息"),
        body=_l("您办的事有了结果，请登录服务平台查看。"),
        inside=_l("%(helper)s替您交了党费：%(months)s。"),
        words=_months(page_words.dated),
    )
)
HELPING = notices.declare(
    notices.Template(
        key="dues.helping",
        title=_l("您有一条新消息"),
        body=_l("您办的事有了结果，请登录服务平台查看。"),
        inside=_l("您替%(label)s交的党费已登记：%(months)s。"),
        words=_months(page_words.dated),
    )
)

RELIEF = notices.declare(
    notices.Template(
        key="dues.relief",
        kind="duty",
        title=_l("您有一条新消息"),
        body=_l("有一件事请您看一下，请登录服务平台查看。"),
        inside=_l("您的少交、免交有变化，请看看从哪个月起、为什么。"),
    )
)


def months_open(months: Sequence[str], *, member_id: int, account_id: int, district: DistrictRef) -> None:
    """Remind one member of open months, in the caller's transaction; once a month."""
    now = clock.month()
    notices.notify(
        REMIND.key if list(months) == [now] else ARREARS.key,
        account_id=account_id,
        district_id=district.id,
        params={} if list(months) == [now] else {"months": " ".join(months)},
        url=f"/d/{district.code}/dues/",
        dedupe_key=f"dues.remind:{member_id}:{now}",
    )


def base_waits(row: DuesAssessment, *, account_id: int, district: DistrictRef) -> None:
    """Ask a member to look at the base that was written down, in the transaction that wrote it; once."""
    notices.notify(
        BASE.key,
        account_id=account_id,
        district_id=district.id,
        url=f"/d/{district.code}/dues/base",
        dedupe_key=f"dues.base:{row.id}",
    )


def relief_changed(row: DuesRelief) -> None:
    """Tell the member that a decision was taken back or holds again, in the transaction that did it."""
    account_id = account_of(row.member_id)
    if account_id is not None:
        notices.notify(
            RELIEF.key,
            account_id=account_id,
            district_id=row.district_id,
            url=f"/d/{here(row.district_id).code}/dues/base",
            dedupe_key=f"dues.relief:{row.id}:{row.version}",
        )


def account_of(member_id: int) -> int | None:
    """Return the id of the account that reads for a member, or None."""
    found: int | None = session.execute(_account(), {"member_id": member_id}).scalar()
    return found


def reader_of(member_id: Any) -> Any:
    """Return the same as a column of another statement about that member."""
    # No join: in RETURNING, SQLite gets the columns without their tables' names.
    account, member = Account.__table__, Member.__table__
    person = rows(Member, member.c.person_id).where(member.c.id == member_id).scalar_subquery()
    return select(account.c.id).where(account.c.person_id == person).scalar_subquery()


@prepared
def _account() -> Select[Any]:
    return select(reader_of(bindparam("member_id")))


def helper_paid(
    voucher: Issued, months: Sequence[str], done: delegations.Done, *, reader_id: int | None
) -> None:
    """Tell the member who paid, and the helper that it is done, in the voucher's transaction; once each."""
    code = connection().execute(_CODE, {"district_id": voucher.district_id}).scalar_one()
    said = {"months": " ".join(months)}
    to = [(HELPING, done.account_id, {"label": done.label}, f"for/{done.delegation}")]
    if reader_id is not None:
        to.append((HELPED, reader_id, {"helper": done.by}, f"voucher/{voucher.token}"))
    for template, account_id, who, page in to:
        notices.notify(
            template.key,
            account_id=account_id,
            district_id=voucher.district_id,
            params=said | who,
            url=f"/d/{code}/dues/{page}",
            dedupe_key=f"{template.key}:{voucher.id}",
        )


def voucher_issued(voucher: Issued, months: Sequence[str], *, reader_id: int | None) -> None:
    """Tell the member's account, in the transaction that wrote the voucher (rule K6); once."""
    if reader_id is None:
        return
    code = connection().execute(_CODE, {"district_id": voucher.district_id}).scalar_one()
    number = shown_number(organization_id=voucher.organization_id, year=voucher.year, number=voucher.number)
    notices.notify(
        VOUCHER.key,
        account_id=reader_id,
        district_id=voucher.district_id,
        params={"months": " ".join(months), "number": number},
        url=f"/d/{code}/dues/voucher/{voucher.token}",
        dedupe_key=f"dues.voucher:{voucher.id}",
    )
