"""Three columns in the members' sheet: 党费类别, 党费基数, 党费缴至 (the opening position)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func

from portal.api import MemberRef, SheetColumn, SheetColumns, clock, rows, sentences, session, sheet_values
from portal.api import gettext as _

from .calculation import BaseRefused, explain
from .models import DuesAssessment, DuesMemberOpening, DuesObligation, DuesVoucher
from .months import first_day, month_of
from .queries.places import here
from .queries.statement import member_of
from .rate_files import rate_tables
from .service import openings, take_over
from .words import base_refused, too_far_ahead

#: How staff write the categories; the first of each is what the portal writes.
NAMES: dict[str, tuple[str, ...]] = {
    "salaried": ("按月领工资", "在职", "工资"),
    "annual_salary": ("年薪制", "年薪"),
    "self_employed": ("自由职业", "个体", "私营业主", "个体、私营业主、自由职业（不按月领工资）"),
    "retired": ("离退休", "退休", "离休"),
    "farmer": ("务农", "农民"),
    "student": ("学生",),
    "laid_off_unemployed": ("下岗失业", "下岗", "失业"),
    "pension_relief": ("依靠抚恤或救济生活", "抚恤救济", "抚恤", "救济"),
    "dibao": ("领取最低生活保障金", "低保"),
}
CODES = {name: code for code, names in NAMES.items() for name in (*names, code)}


def _category_name(code: str) -> str:
    return NAMES[code][0]


COLUMNS = (
    SheetColumn(
        name="dues_category",
        header="党费类别",
        parse=sheet_values.text.choice(CODES, hint=[names[0] for names in NAMES.values()]),
        data_class=3,
        choices=tuple(names[0] for names in NAMES.values()),
        show=_category_name,
    ),
    SheetColumn(
        name="dues_base",
        header="党费基数",
        parse=sheet_values.money.fen,
        data_class=3,
        show=sheet_values.money.yuan,
    ),
    SheetColumn(
        name="dues_paid_through",
        header="党费缴至",
        parse=sheet_values.dates.month,
        data_class=2,
        show=lambda day: day.strftime("%Y-%m"),
    ),
)


def check(values: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a row's dues, in sentences; nothing is written."""
    found = []
    category, base = values.get("dues_category"), values.get("dues_base")
    if category is not None:
        try:
            explain(category, base, on=clock.today())
        except BaseRefused as refused:
            found.append(base_refused(refused.reason))
    elif base is not None:
        found.append(_("写了党费基数，也请写党费类别。"))
    if (through := values.get("dues_paid_through")) is not None:
        try:
            openings.not_too_far(month_of(through))
        except openings.TooFarAhead as far:
            found.append(sentences(_("党费缴至写得太远。"), too_far_ahead(far.latest, far.limit)))
    return found


def apply(member: MemberRef, values: Mapping[str, Any], actor: Any) -> None:
    """Take over one written row, in the import's transaction; the same row again changes nothing."""
    row = member_of(member.id)
    assert row is not None  # the import has just written it
    # Only what changed is handed over: a new base is one of the category that is known.
    known = {**current([member]).get(member.id, {}), **values}
    through = values.get("dues_paid_through")
    openings.take_over_member(
        district=here(member.district_id),
        member=row,
        category=known.get("dues_category"),
        base_fen=known.get("dues_base"),
        paid_through=month_of(through) if through else None,
        by=getattr(actor, "account_id", actor),
    )


def apply_new(rows: Sequence[tuple[MemberRef, Mapping[str, Any]]], actor: Any) -> None:
    """Take over the rows of records that are new, in the import's transaction."""
    needs_base = rate_tables().on(clock.today()).category
    given = []
    for member, values in rows:
        category, through = values.get("dues_category"), values.get("dues_paid_through")
        based = category is not None and needs_base(category).needs_base
        given.append(
            (
                member,
                {
                    "category": category,
                    "base_fen": values.get("dues_base") if based else None,
                    "paid_through": month_of(through) if through else None,
                },
            )
        )
    if given:
        take_over.take_over_new(
            given, district=here(given[0][0].district_id), by=getattr(actor, "account_id", actor)
        )


def current(members: Sequence[MemberRef]) -> Mapping[int, Mapping[str, Any]]:
    """Return what is known of these columns, so that the same sheet twice changes nothing."""
    found: dict[int, dict[str, Any]] = {}
    for ids in _pieces([member.id for member in members]):
        opening: Any = DuesMemberOpening.__table__.c
        for member_id, through in session.execute(
            rows(DuesMemberOpening, opening.member_id, opening.paid_through).where(opening.member_id.in_(ids))
        ):
            found.setdefault(member_id, {})["dues_paid_through"] = first_day(through)
        table: Any = DuesAssessment.__table__.c
        for row in session.execute(
            rows(DuesAssessment, table.member_id, table.category, table.base_fen)
            .where(table.member_id.in_(ids), table.state.in_(("draft", "confirmed", "approved")))
            .order_by(table.from_month, table.id)
        ):
            known = found.setdefault(row.member_id, {})
            known["dues_category"] = row.category
            known.pop("dues_base", None)
            if row.base_fen is not None:
                known["dues_base"] = row.base_fen
    return found


def take_back(members: Sequence[MemberRef], actor: Any) -> list[str]:
    """Undo what ``apply`` did for records about to be taken back; months on the books stand against it."""
    for ids in _pieces([member.id for member in members]):
        for leaning in (DuesObligation, DuesVoucher):
            found = rows(leaning, func.count()).where(leaning.__table__.c.member_id.in_(ids))
            if session.execute(found).scalar_one():
                return [_("有的同志已经有应交或交过的党费，不能整批撤销。")]
    for ids in _pieces([member.id for member in members]):
        for model in (DuesAssessment, DuesMemberOpening):
            table: Any = model.__table__
            districts = {member.district_id for member in members}
            session.execute(
                delete(table).where(table.c.member_id.in_(ids), table.c.district_id.in_(districts))
            )
    return []


def _pieces(ids: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


MEMBER_COLUMNS = SheetColumns(
    sheet="members",
    columns=COLUMNS,
    apply=apply,
    check=check,
    current=current,
    take_back=take_back,
    apply_new=apply_new,
)
