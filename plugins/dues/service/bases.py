"""The yearly bases from a sheet: kept, judged, proposed; the member and the treasurer decide."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from portal.api import (
    Account,
    Actor,
    Conflict,
    DistrictRef,
    Member,
    audit,
    clock,
    crypto,
    ngettext,
    session,
    settings,
    sheet_kit,
    sheet_values,
    swap,
    transaction,
)
from portal.api import gettext as _

from ..base_columns import PROFILE
from ..base_verdict import Judge, fingerprint
from ..messages import base_waits
from ..models import DuesAssessment, DuesBaseSheet
from ..months import first_day, parse_month
from ..queries.bases import people
from . import assessments
from .places import path_of

#: A branch's sheet is small; nobody needs to unpack more than this for one.
LIMITS = sheet_kit.Limits(upload_bytes=2 * 1024 * 1024, unpacked_bytes=40 * 1024 * 1024, rows=2000)
SEALED = "dues_base_sheet.rows_sealed"


def take_in(
    *,
    district: DistrictRef,
    organization_id: int,
    from_month: str,
    data: bytes,
    filename: str,
    actor: Actor,
) -> DuesBaseSheet:
    """Keep the rows of an uploaded sheet; nothing of the dues changes.

    Raises ``SheetError`` with a sentence for whoever brought it, ``Forbidden`` outside of the own branches.
    """
    parse_month(from_month)
    if not actor.can("dues.assess", path_of(organization_id)):
        raise Forbidden("dues.assess")
    table, others = sheet_kit.best_table(sheet_kit.read_tables(data, filename, LIMITS), PROFILE)
    mapping = sheet_kit.recognise(table, PROFILE)
    found = [(number, cells) for number, cells in sheet_kit.data_rows(table, mapping) if cells is not None]
    # Whoever filtered the sheet to some people and saved it means those.
    rows = [(number, cells) for number, cells in found if number not in table.hidden.rows]
    if found and not rows:
        raise sheet_kit.SheetError(_("表里的数据都是隐藏的，没有导入。请取消隐藏，再传一次。"))
    if not rows:
        raise sheet_kit.SheetError(_("表头下面没有数据，没有导入。"))
    notices = [str(notice) for notice in (*table.notices, *sheet_kit.unseen_columns(table, mapping))]
    if mapping.extra:
        notices.append(_("这些列没有用到：%(names)s。", names="、".join(mapping.extra)))
    if len(rows) < len(found):
        unseen = len(found) - len(rows)
        notices.append(
            ngettext(
                "表里隐藏的%(num)s行没有读（筛选掉的、收起来的）。要一起读，请取消隐藏，再传一次。",
                "表里隐藏的%(num)s行没有读（筛选掉的、收起来的）。要一起读，请取消隐藏，再传一次。",
                unseen,
            )
        )
    if others:
        notices.append(
            _("只读了“%(name)s”这张表，没有读：%(others)s。", name=table.name, others="、".join(others))
        )
    content = {
        "headers": list(mapping.headers),
        "positions": dict(mapping.positions),
        "notices": notices,
        "rows": [[number, [sheet_values.text.as_text(cell) for cell in cells]] for number, cells in rows],
    }
    with transaction() as current:
        sheet = DuesBaseSheet(
            uid=crypto.new_uid(),
            district_id=district.id,
            organization_id=organization_id,
            from_month=from_month,
            filename=filename.replace("\\", "/").rsplit("/", 1)[-1][:120],
            created_by=actor.account_id,
            created_at=clock.now(),
        )
        _keep(sheet, content)
        current.add(sheet)
        current.flush()
        audit.record("dues.bases.upload", sheet, actor=actor, district=district, detail={"rows": len(rows)})
    return sheet


def judged(sheet: DuesBaseSheet, *, district: DistrictRef) -> tuple[list[sheet_kit.Row], list[str]]:
    """Judge every row against what is known now; return the rows and what was noticed about the file."""
    content = _content(sheet)
    if content is None:
        return [], []
    judge = Judge(
        people(sheet.organization_id, sheet.from_month),
        from_month=sheet.from_month,
        on=first_day(sheet.from_month),
        rounding=settings.get(district, "dues.rounding"),
        this_month=clock.month(),
    )
    mapping = sheet_kit.ColumnMap(
        header_row=0, positions=content["positions"], headers=tuple(content["headers"])
    )
    numbered = [(number, [cell or None for cell in cells]) for number, cells in content["rows"]]
    return sheet_kit.judge_rows(numbered, PROFILE, mapping, judge), content["notices"]


def commit(sheet: DuesBaseSheet, *, version: int, plan: str, district: DistrictRef, actor: Actor) -> int:
    """Propose every good row's base in one transaction; return how many. Nothing is approved by it.

    Raises ``Forbidden`` for anybody but whoever brought the sheet (that person cannot approve it later),
    ``Conflict`` when it was done already, or when the verdicts are no longer those that were shown.
    """
    if actor.account_id != sheet.created_by:
        raise Forbidden("another person's sheet")
    with transaction() as current:
        rows, _notices = judged(sheet, district=district)
        if fingerprint(rows) != plan:
            raise Conflict(_("核对以后又有人改过，没有导入。请再看一遍这张表。"))
        good = [row for row in rows if row.verdict.value in ("new", "changed")]
        refused = [row for row in rows if row.reasons]
        swap(
            sheet,
            version=version,
            states=["ready"],
            state="committed",
            ended_at=clock.now(),
            drafted=len(good),
            refused=len(refused),
            same=len(rows) - len(good) - len(refused),
        )
        members = {
            member.id: member
            for member in current.scalars(
                select(Member).where(Member.id.in_([row.target.member_id for row in good]))
            )
        }
        accounts = _accounts(list(members.values()))
        for row in good:
            member = members[row.target.member_id]
            made = assessments.draft(
                district=district,
                member=member,
                category=row.target.category,
                base_fen=row.target.base_fen,
                from_month=sheet.from_month,
                origin="sheet",
                formula=row.target.formula,
                by=actor.account_id,
            )
            if member.person_id in accounts:
                base_waits(made, account_id=accounts[member.person_id], district=district)
        content = _content(sheet)
        assert content is not None
        wrong = {row.number for row in refused}
        content["rows"] = [line for line in content["rows"] if line[0] in wrong]
        _keep(sheet, content)
        audit.record(
            "dues.bases.commit",
            sheet,
            actor=actor,
            district=district,
            detail={"drafted": len(good), "refused": len(refused)},
        )
    return len(good)


def discard(sheet: DuesBaseSheet, *, version: int, actor: Actor) -> None:
    """Throw a sheet away, with everything that was kept of it."""
    with transaction():
        swap(
            sheet,
            version=version,
            states=["ready"],
            state="discarded",
            ended_at=clock.now(),
            rows_sealed=None,
        )
        audit.record("dues.bases.discard", sheet, actor=actor, district=sheet.district_id)


def decide(chosen: Sequence[tuple[int, int]], act: str, *, reason: str, actor: Actor) -> int:
    """Take (assessment id, version) pairs through one step, all or none; return how many.

    ``act``: "paper" records the member's signature, "approve" fixes the amount, "withdraw" takes it back.
    Raises as the verbs in ``assessments`` do; KeyError for an id that cannot be seen from here.
    """
    with transaction() as current:
        found = {
            row.id: row
            for row in current.scalars(
                select(DuesAssessment).where(DuesAssessment.id.in_([one for one, _v in chosen]))
            )
        }
        # By id: two who decide about the same people at once wait for each other in one order.
        several = [(found[assessment_id], version) for assessment_id, version in sorted(chosen)]
        if act == "approve":
            assessments.approve(several, by=actor)
            return len(chosen)
        for row, version in several:
            if act == "paper":
                assessments.confirm(row, version=version, by=actor, how="paper")
            else:
                assessments.withdraw(row, version=version, reason=reason, by=actor)
    return len(chosen)


def forget(*, naming: str | None = None, before: Any = None) -> int:
    """Delete what is kept of the sheets here that name somebody, or that came before an instant."""
    wanted = select(DuesBaseSheet).where(DuesBaseSheet.rows_sealed.is_not(None))
    if before is not None:
        wanted = wanted.where(DuesBaseSheet.created_at < before)
    with transaction() as current:
        found = [one for one in current.scalars(wanted) if naming is None or _names(one, naming)]
        for sheet in found:
            ended: dict[str, Any] = {"rows_sealed": None, "ended_at": clock.now()}
            if sheet.state == "ready":
                swap(sheet, version=sheet.version, states=("ready",), state="discarded", **ended)
            else:
                swap(sheet, version=sheet.version, **ended)
    return len(found)


def _names(sheet: DuesBaseSheet, name: str) -> bool:
    content = _content(sheet) or {"rows": []}
    squeezed = "".join(name.split())
    said = ("".join(str(cell).split()) for _number, cells in content["rows"] for cell in cells)
    return any(squeezed in cell for cell in said)


def headers(sheet: DuesBaseSheet) -> list[str]:
    """Return the headers of the sheet as its owner wrote them."""
    content = _content(sheet)
    return [] if content is None else list(content["headers"])


def _keep(sheet: DuesBaseSheet, content: dict[str, Any]) -> None:
    sheet.rows_sealed = crypto.encrypt(SEALED, sheet.uid, json.dumps(content, ensure_ascii=False))


def _content(sheet: DuesBaseSheet) -> dict[str, Any] | None:
    if sheet.rows_sealed is None:
        return None
    found: dict[str, Any] = json.loads(crypto.decrypt(SEALED, sheet.uid, sheet.rows_sealed))
    return found


def account_of(member: Member) -> int | None:
    """Return the account of a member's person."""
    return _accounts([member]).get(member.person_id)


def _accounts(members: Sequence[Member]) -> dict[int, int]:
    found = session.execute(
        select(Account.person_id, Account.id).where(Account.person_id.in_([one.person_id for one in members]))
    )
    return {person_id: account_id for person_id, account_id in found if person_id is not None}
