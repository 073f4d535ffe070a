"""One month of one branch: who owes, who has paid and how, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    String,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union_all,
)

from portal.api import BRANCH_KINDS, Member, Organization, Reach, prepared, rows, session

from ..models import DuesObligation, DuesVoucher, DuesVoucherLine
from ..models.obligation import PAYABLE
from ..service.owing import MEMBER_STAGES

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class BranchPlace:
    """A branch whose dues this person collects."""

    id: int
    name: str
    path: str


@dataclass(frozen=True)
class Paid:
    """How (part of) a month was paid: the voucher that says so."""

    way: str
    number: int
    year: int
    token: str
    paid_on: date
    source_key: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """A member's month as the collector sees it (fen); no base, no rate. ``state`` "" is: not fixed yet."""

    member_id: int
    member_uid: str
    name: str
    sort_key: str
    state: str
    obligation_id: int | None
    due_fen: int
    relief_fen: int
    paid_fen: int
    paid: tuple[Paid, ...] = ()

    @property
    def open_fen(self) -> int:
        return self.due_fen - self.relief_fen - self.paid_fen if self.state in PAYABLE else 0

    @property
    def cursor(self) -> str:
        """Return where the next page goes on."""
        return f"{self.sort_key}~{self.member_id}"


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The month in numbers: people and fen."""

    people: int
    paid: int
    unpaid: int
    relieved: int
    not_fixed: int
    due_fen: int
    relief_fen: int
    paid_fen: int


def places(reach: Reach) -> list[BranchPlace]:
    """Return the living branches within reach that collect dues, by name."""
    paths = () if reach.everywhere else reach.paths
    found = session.execute(
        _places(everywhere=reach.everywhere, paths=len(paths)),
        {f"below_{number}": f"{path}%" for number, path in enumerate(paths)},
    )
    return [BranchPlace(**row) for row in found.mappings()]


@prepared
def _places(*, everywhere: bool, paths: int) -> Select[Any]:
    table = Organization.__table__.c
    found = rows(Organization, table.id, table.name, table.path).where(
        table.kind.in_(BRANCH_KINDS), table.dissolved_on.is_(None)
    )
    if not everywhere:
        # A path is digits and slashes: nothing in it has a meaning of its own in LIKE.
        below = [table.path.like(bindparam(f"below_{number}")) for number in range(paths)]
        found = found.where(or_(*below) if below else false())
    return found.order_by(table.sort_key, table.id)


def totals(organization_id: int, month: str) -> Totals:
    """Sum a branch's month up; members whose amount is not fixed yet are counted, not guessed."""
    row = session.execute(_totals(), {"organization_id": organization_id, "month": month}).one()
    return Totals(**{name: int(value) for name, value in row._asdict().items()})


@prepared
def _totals() -> Select[Any]:
    both = _both().subquery()
    state = both.c.state
    return select(
        func.count().label("people"),
        _count(state.in_(("paid", "settled"))).label("paid"),
        _count(state.in_(PAYABLE)).label("unpaid"),
        _count(or_(state == "waived", both.c.relief_fen > 0)).label("relieved"),
        _count(state == "").label("not_fixed"),
        func.coalesce(func.sum(both.c.due_fen), 0).label("due_fen"),
        func.coalesce(func.sum(both.c.relief_fen), 0).label("relief_fen"),
        func.coalesce(func.sum(both.c.paid_fen), 0).label("paid_fen"),
    ).select_from(both)


def lines(
    organization_id: int,
    month: str,
    *,
    text: str = "",
    unpaid: bool = False,
    after: str = "",
    limit: int = PAGE,
) -> tuple[list[Line], bool]:
    """Return a page of the month by name, and whether there are more. Never sorted by amount."""
    like = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    key, _, last = after.rpartition("~")
    further = last.isascii() and last.isdigit()
    wanted = {
        "organization_id": organization_id,
        "month": month,
        "limit": limit + 1,
        **({"name": f"{like}%", "initials": f"{like.lower()}%"} if text else {}),
        **({"after_key": key, "after_id": int(last)} if further else {}),
    }
    page = session.execute(_page(unpaid=unpaid, text=bool(text), further=further), wanted).mappings().all()
    paid = _paid([row["obligation_id"] for row in page if row["obligation_id"] is not None])
    shown = [Line(**row, paid=tuple(paid.get(row["obligation_id"], ()))) for row in page[:limit]]
    return shown, len(page) > limit


@prepared
def _page(*, unpaid: bool, text: bool, further: bool) -> Select[Any]:
    both = _both().subquery()
    found = select(*(column for column in both.c if column.name != "initials"))
    if unpaid:
        found = found.where(both.c.state.in_(PAYABLE))
    if text:
        found = found.where(
            or_(
                both.c.name.like(bindparam("name"), escape="\\"),
                both.c.initials.like(bindparam("initials"), escape="\\"),
            )
        )
    if further:
        last = tuple_(bindparam("after_key", type_=String), bindparam("after_id", type_=Integer))
        found = found.where(tuple_(both.c.sort_key, both.c.member_id) > last)
    return found.order_by(both.c.sort_key, both.c.member_id).limit(bindparam("limit", type_=Integer))


def _both() -> Any:
    """Months on the books of this branch, and today's members whose month is not on any book yet."""
    owed, who = DuesObligation.__table__.c, Member.__table__.c
    here: Any = bindparam("organization_id")
    month: Any = bindparam("month")
    columns = (who.id.label("member_id"), who.uid.label("member_uid"), who.name, who.sort_key, who.initials)
    on_books = (
        rows(
            DuesObligation,
            *columns,
            owed.state,
            owed.id.label("obligation_id"),
            owed.due_fen,
            owed.relief_fen,
            owed.paid_fen,
        )
        .join(Member.__table__, who.id == owed.member_id)
        .where(owed.organization_id == here, owed.month == month)
    )
    known = exists().where(and_(owed.member_id == who.id, owed.month == month))
    without = rows(
        Member,
        *columns,
        literal("").label("state"),
        null().label("obligation_id"),
        literal(0).label("due_fen"),
        literal(0).label("relief_fen"),
        literal(0).label("paid_fen"),
    ).where(
        who.organization_id == here,
        who.closed_on.is_(None),
        who.state == "normal",
        who.stage.in_(MEMBER_STAGES),
        ~known,
    )
    return union_all(on_books, without)


def _paid(obligation_ids: Sequence[int]) -> dict[int, list[Paid]]:
    by_month: dict[int, list[Paid]] = {}
    for obligation_id, *how in session.execute(_vouchers(), {"obligations": obligation_ids}):
        by_month.setdefault(obligation_id, []).append(Paid(*how))
    return by_month


@prepared
def _vouchers() -> Select[Any]:
    line, voucher = DuesVoucherLine.__table__.c, DuesVoucher.__table__
    return (
        rows(
            DuesVoucherLine,
            line.obligation_id,
            voucher.c.way,
            voucher.c.number,
            voucher.c.year,
            voucher.c.token,
            voucher.c.paid_on,
            voucher.c.source_key,
        )
        .join(voucher, voucher.c.id == line.voucher_id)
        .where(line.obligation_id.in_(bindparam("obligations", expanding=True)), voucher.c.state == "valid")
        .order_by(voucher.c.id)
    )


def _count(clause: Any) -> Any:
    return func.coalesce(func.sum(case((clause, 1), else_=0)), 0)
