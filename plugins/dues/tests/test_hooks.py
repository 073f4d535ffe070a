"""A person's rights, a switch, a move, a merge, a sheet, a job: what the plugin answers the core."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from plugins.dues import hooks, jobs, sheets
from plugins.dues.models import DuesAssessment, DuesObligation, DuesVoucher
from plugins.dues.queries import verify
from plugins.dues.rate_files import rate_tables
from plugins.dues.service import moves, obligations
from plugins.dues.tests.conftest import Branch, agrees, pay, put_on_books
from plugins.dues.tests.test_decisions import somebody
from portal.api import Conflict, DistrictRef, Member, MemberRef, clock, notices, registry, session


def ref(branch: Branch, member: Member) -> MemberRef:
    return branch.world.member_ref(member)


def ask(branch: Branch, hook: str, **more: Any) -> Any:
    return registry().ask(hook, district=branch.ref, **more)["dues"]


def test_the_export_holds_all_that_is_kept_and_only_of_this_member(branch: Branch) -> None:
    member, other = branch.member(), branch.member(base_fen=777_700)
    pay(branch, member, 3860, ["2026-09"])
    pay(branch, other, 10, ["2026-09"], key="F2")
    with branch.inside():
        found = ask(branch, "member_export", member=ref(branch, member))
    assert found["assessments"][0]["base_fen"] == 386_000
    assert [month["month"] for month in found["months"]] == ["2026-09"]
    assert found["vouchers"][0]["total_fen"] == 3860 and found["credit_fen"] == 1930
    assert found["opening"][0]["paid_through"] == "2026-08"
    assert "777700" not in str(found)


def test_erasing_wipes_bases_and_keeps_the_books(branch: Branch) -> None:
    member = branch.member()
    pay(branch, member, 1930, ["2026-09"])
    with branch.inside():
        found = ask(branch, "member_erase", member=ref(branch, member))
        assert found.kept == 1 and found.erased == 1 and "15年" in str(found.reason)
        assert session.scalar(select(DuesAssessment.base_fen)) is None
        assert session.scalar(select(func.count()).select_from(DuesVoucher)) == 1
    agrees(branch)


def test_an_erased_statement_can_still_be_read(branch: Branch) -> None:
    from plugins.dues.queries.statement import statement

    member = branch.member()
    pay(branch, member, 1930, ["2026-09"])
    with branch.inside():
        hooks.erase(ref(branch, member))
        found = statement(member.id)
    assert found is not None and found.timeline.lines[0].state == "paid"


def test_arrears_credit_and_open_payments_are_reasons_to_wait(branch: Branch) -> None:
    owing, fine, rich = branch.member(), branch.member(paid_through="2026-11"), branch.member()
    pay(branch, rich, 1930 * 4, ["2026-09", "2026-10", "2026-11"])
    with branch.inside():
        found = {
            (name, act): [(each.code, each.blocks) for each in hooks.objections(ref(branch, member), act)]
            for name, member in (("owing", owing), ("fine", fine), ("rich", rich))
            for act in ("transfer", "erase")
        }
    assert found == {
        ("owing", "transfer"): [("dues.arrears", False)],
        ("owing", "erase"): [("dues.arrears", True)],
        ("fine", "transfer"): [],
        ("fine", "erase"): [],
        ("rich", "transfer"): [("dues.credit", False)],
        ("rich", "erase"): [("dues.credit", True)],
    }


def test_switching_off_says_what_would_be_hidden(branch: Branch) -> None:
    assert registry().collect("switch_off_warnings", district=branch.ref) == []
    branch.member()
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month="2026-09")
        [found] = hooks.hidden(branch.ref)
    assert found.count == 1 and "1个月没交的党费" in str(found.text)


def test_a_move_hands_over_the_months_after_this_one(branch: Branch) -> None:
    member, target = branch.member(), branch.world.organization(branch.district)
    months = ["2026-10", "2026-11", "2026-12", "2027-01"]
    pay(branch, member, 1930 * 3, ["2026-09", "2026-10", "2026-12"])
    with branch.inside():
        put_on_books(branch, member, *months)
        for _again in range(2):
            registry().tell(
                "member_moved",
                "dues",
                district=branch.ref,
                member=ref(branch, member),
                origin=branch.organization.id,
                target=target.id,
            )
        found = session.execute(
            select(DuesObligation.month, DuesObligation.organization_id).order_by(DuesObligation.month)
        ).all()
    home = branch.organization.id
    assert [tuple(row) for row in found] == [
        ("2026-09", home),
        ("2026-10", home),
        ("2026-11", home),
        ("2026-12", home),
        ("2027-01", target.id),
    ]
    agrees(branch)


def merged(branch: Branch, kept: Member, absorbed: Member) -> None:
    """Let the plugin hear of a merge, with a journal that does what it is told and forgets it."""

    class Forgetful:
        def change(self, model: Any, *where: Any, **values: Any) -> int:
            return len(session.execute(update(model).where(*where).values(values).returning(model.id)).all())

        def remove(self, model: Any, *where: Any) -> int:
            return len(session.execute(delete(model).where(*where).returning(model.id)).all())

    moves.merged(kept=ref(branch, kept), absorbed=ref(branch, absorbed), journal=Forgetful())


def test_a_record_with_books_is_not_absorbed_and_one_without_gives_what_it_knows(branch: Branch) -> None:
    kept, known, paid = branch.member(category=None, paid_through=None), branch.member(), branch.member()
    pay(branch, paid, 1930, ["2026-09"])
    with branch.inside(), pytest.raises(Conflict, match="请打开这一条，把另一条并进来"):
        merged(branch, kept, paid)
    with branch.inside():
        merged(branch, kept, known)
        found = session.execute(
            select(DuesAssessment.member_id, DuesAssessment.state).order_by(DuesAssessment.id)
        )
        assert (kept.id, "approved") in [tuple(row) for row in found]


def test_the_merge_page_says_what_becomes_one_and_which_way_round(branch: Branch) -> None:
    """The books never follow: the record with entries is the one to keep."""
    kept, plain, paid = branch.member(), branch.member(), branch.member()
    pay(branch, paid, 1930, ["2026-09"])
    desk = branch.world.browser(branch.world.account(role="desk", district=branch.district))
    url = f"/d/{branch.district.code}/desk/members/{{}}/merge"

    def page(one: Member, other: Member) -> str:
        return desk.get(f"{url.format(one.id)}?other={other.uid}").get_data(as_text=True)

    said = page(kept, plain)
    assert "撤销合并时各回各的" in said and "不能并进别的登记" not in said
    assert "这条登记有党费入账，不能并进别的登记。请打开这一条，把另一条并进来。" in page(kept, paid)
    assert "不能并进别的登记" not in page(paid, plain), "asked of the record that goes, not of this one"
    form = {"_once": "m" * 12, "version": str(kept.version), "other": paid.uid, "reason": "重复登记"}
    refused = desk.post(url.format(kept.id), data={**form, "other_version": str(paid.version)})
    assert refused.status_code == 422 and "把另一条并进来" in refused.get_data(as_text=True)


def test_a_record_on_a_cash_sheet_waits_for_the_sheet(branch: Branch) -> None:
    from plugins.dues.service import cash

    kept, noted = branch.member(), branch.member()
    collector = somebody(branch, branch.member())
    with branch.inside():
        sheet = cash.open_sheet(district=branch.ref, organization_id=branch.organization.id, actor=collector)
        entry = cash.Entry(through="2026-11", amount_fen=1930)
        cash.write(sheet, {noted.id: entry}, version=sheet.version, day=clock.today(), actor=collector)
    with branch.inside(), pytest.raises(Conflict, match="现金单"):
        merged(branch, kept, noted)
    with branch.inside():
        cash.cancel(sheet, version=sheet.version, reason="写错了", actor=collector)
        merged(branch, kept, noted)


def test_the_monthly_job_catches_up_since_the_start(branch: Branch) -> None:
    from flask import g

    branch.member(paid_through="2026-03")
    with branch.world.writing(branch.district):
        g.district = branch.ref
        jobs.create_months({})
        jobs.create_months({})
        g.pop("district")
        months = session.scalars(select(DuesObligation.month).order_by(DuesObligation.month)).all()
        session.rollback()
    assert list(months) == ["2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11"]


def test_a_voucher_is_told_once_and_outward_says_nothing(branch: Branch) -> None:
    member = branch.member()
    account = branch.world.account(member)
    voucher = pay(branch, member, 1930, ["2026-09"])
    with branch.inside():
        [found] = notices.inbox(account.id)
    assert "2026年9月党费已登记" in found.text and found.url.endswith(voucher.token)
    assert "党费" not in str(found.title)


def values(**given: Any) -> dict[str, Any]:
    return {f"dues_{name}": value for name, value in given.items()}


def test_every_category_has_a_name_in_the_sheet() -> None:
    known = {code for table in rate_tables().tables for code in table.categories}
    assert known == set(sheets.NAMES)


def test_a_row_of_the_sheet_is_judged_before_it_is_written() -> None:
    assert sheets.check(values(category="retired", base=386_000)) == []
    assert sheets.check(values(category="student")) == []
    for wrong in (
        values(base=100),
        values(category="retired"),
        values(category="farmer", base=500),
        values(category="salaried", base=10**12),
    ):
        assert sheets.check(wrong)[0].endswith("。")


def test_the_sheet_s_columns_are_taken_over_told_and_taken_back(branch: Branch) -> None:
    member = branch.member(category=None, paid_through=None)
    given = values(category="retired", base=386_000, paid_through=date(2026, 8, 1))
    with branch.inside():
        for _again in range(2):
            sheets.apply(ref(branch, member), given, None)
        assert sheets.current([ref(branch, member)]) == {member.id: given}
        # Only what changed comes: a new base of the same category is a proposal.
        sheets.apply(ref(branch, member), values(base=400_000), None)
        states = session.scalars(select(DuesAssessment.state).order_by(DuesAssessment.id)).all()
        assert list(states) == ["approved", "draft"]
        assert sheets.take_back([ref(branch, member)], None) == []
        assert sheets.current([ref(branch, member)]) == {}
        sheets.apply(ref(branch, member), given, None)
        obligations.create_month(district_id=branch.district.id, month="2026-09")
        [reason] = sheets.take_back([ref(branch, member)], None)
        assert "不能整批撤销" in reason


def test_verify_names_the_month_that_differs(branch: Branch) -> None:
    member = branch.member()
    pay(branch, member, 1930, ["2026-09"])
    with branch.inside():
        session.execute(update(DuesObligation).values(paid_fen=0, state="open"))
        [found] = verify.differences(branch.district.id)
    assert (found.month, found.here_fen, found.ledger_fen) == ("2026-09", 1930, 0)


def test_hooks_survive_an_empty_district(branch: Branch) -> None:
    empty = branch.world.district()
    with branch.world.writing(empty):
        here: DistrictRef = branch.world.ref(empty)
        assert hooks.hidden(here) == []
        nobody = MemberRef(id=999, uid="X" * 26, person_id=999, district_id=empty.id, name="无")
        assert hooks.objections(nobody, "erase") == []
        assert hooks.erase(nobody).kept == 0
        session.rollback()
