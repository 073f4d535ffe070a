"""A dues day's cash: written by one, confirmed by another, booked whole or not at all."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from plugins.dues.models import DuesCashSheet, DuesObligation, DuesVoucher
from plugins.dues.service import obligations
from portal.api import everything, session, settings
from portal.testing import Browser

from .conftest import Branch, agrees, pay

MONTHS = ["2026-09", "2026-10", "2026-11"]


@pytest.fixture
def day(branch: Branch):
    """A branch with two collectors and three members whose months are on the books."""
    members = [branch.member(name=name) for name in ("钱一", "孙二", "李三")]
    collectors = [
        branch.world.browser(
            branch.world.account(
                branch.member(name=name), role="dues_collector", organization=branch.organization
            )
        )
        for name in ("收款甲", "核对乙")
    ]
    for month in MONTHS:
        with branch.inside():
            obligations.create_month(district_id=branch.district.id, month=month)
    return branch, members, *collectors


def base(branch: Branch) -> str:
    return f"/d/{branch.district.code}/dues/cash"


def key() -> str:
    key.number += 1  # type: ignore[attr-defined]
    return f"key-{key.number:08d}"  # type: ignore[attr-defined]


key.number = 0  # type: ignore[attr-defined]


def sheet() -> DuesCashSheet:
    session.rollback()
    session.expire_all()
    with everything():
        return session.scalars(select(DuesCashSheet).order_by(DuesCashSheet.id.desc()).limit(1)).one()


def write(branch: Branch, browser: Browser, *, act: str = "hand_over", **fields: str):
    browser.post(base(branch), data={"_once": key()})
    made = sheet()
    form = {"_once": key(), "version": str(made.version), "day": "2026-11-21", "act": act, **fields}
    return browser.post(f"{base(branch)}/{made.id}", data=form)


def decide(branch: Branch, browser: Browser, act: str, *, version: int | None = None, **fields: str):
    made = sheet()
    form = {"_once": key(), "version": str(version or made.version), **fields}
    return browser.post(f"{base(branch)}/{made.id}/{act}", data=form)


def paid(member) -> dict[str, int]:
    session.rollback()
    with everything():
        return dict(
            session.execute(
                select(DuesObligation.month, DuesObligation.paid_fen).where(
                    DuesObligation.member_id == member.id
                )
            ).all()
        )


def vouchers() -> int:
    session.rollback()
    with everything():
        return len(session.scalars(select(DuesVoucher)).all())


def test_a_dues_day_from_the_sheet_to_the_vouchers(day):
    branch, (first, second, third), one, two = day
    answer = write(
        branch,
        one,
        **{
            f"take-{first.id}": "1",
            f"through-{first.id}": "2026-11",
            f"take-{second.id}": "1",
            f"through-{second.id}": "2026-10",
            f"amount-{second.id}": "３８．６０元",
        },
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    said = one.get(base(branch)).get_data(as_text=True)
    assert "已记2笔现金，共96.50元，等另一位同志核对。" in said
    assert paid(first) == dict.fromkeys(MONTHS, 0), "a sheet is not money"
    assert decide(branch, two, "confirm", counted="96.5").status_code == 303
    assert paid(first) == dict.fromkeys(MONTHS, 1930)
    assert paid(second) == {"2026-09": 1930, "2026-10": 1930, "2026-11": 0}
    assert paid(third) == dict.fromkeys(MONTHS, 0)
    assert vouchers() == 2
    agrees(branch)


def test_nobody_confirms_own_cash(day):
    branch, (first, *_), one, _two = day
    write(branch, one, **{f"take-{first.id}": "1", f"through-{first.id}": "2026-11"})
    assert decide(branch, one, "confirm", counted="57.90").status_code == 403
    assert sheet().state == "handed_over" and vouchers() == 0


def test_the_same_person_under_another_account_is_no_second_person(day):
    from plugins.dues.service import cash as service
    from portal.api import Actor

    branch, (first, *_), one, _two = day
    write(branch, one, **{f"take-{first.id}": "1", f"through-{first.id}": "2026-11"})
    made = sheet()
    with everything():
        from plugins.dues.queries.cash import person_of

        twin = Actor(account_id=999_999, person_id=person_of(made.collected_by))
    with branch.inside(), pytest.raises(service.FourEyes):
        service.confirm(
            session.get_one(DuesCashSheet, made.id),
            version=made.version,
            counted_fen=5790,
            district=branch.ref,
            actor=twin,
        )


def test_the_count_must_be_the_sum(day):
    branch, (first, *_), one, two = day
    write(branch, one, **{f"take-{first.id}": "1", f"through-{first.id}": "2026-11"})
    answer = decide(branch, two, "confirm", counted="57.80")
    assert answer.status_code == 422 and "不一样" in answer.get_data(as_text=True)
    assert decide(branch, two, "confirm", counted="五十").status_code == 422
    assert vouchers() == 0
    assert decide(branch, two, "back").status_code == 422, "a reason is needed"
    assert decide(branch, two, "back", reason="少一角").status_code == 303
    assert "少一角" in one.get(f"{base(branch)}/{sheet().id}").get_data(as_text=True)


@pytest.mark.parametrize("counted", ["1,019.30元", "１，０１９．３０", "¥1019.3", " 1019.30 "])
def test_a_sum_may_be_typed_as_our_own_pages_write_it(day, counted):
    branch, (first, *_), one, two = day
    write(branch, one, **{f"take-{first.id}": "1", f"amount-{first.id}": "1,019.30"})
    assert decide(branch, two, "confirm", counted="1,01930").status_code == 422
    assert decide(branch, two, "confirm", counted=counted).status_code == 303
    assert vouchers() == 1


def test_two_of_one_name_are_told_apart(day):
    branch, members, one, two = day
    other = branch.member(name=members[0].name)
    with branch.inside():
        obligations.create_month(district_id=branch.district.id, month=MONTHS[-1])
    write(branch, one, act="save", **{f"take-{members[0].id}": "1"})
    page = one.get(f"{base(branch)}/{sheet().id}").get_data(as_text=True)
    for member in (members[0], other):
        assert f"（手机尾号{member.phone_tail}）" in page
    assert page.count("手机尾号") == 2


def test_a_draft_survives_and_wrong_rows_keep_what_was_typed(day):
    branch, (first, second, _third), one, _two = day
    write(branch, one, act="save", **{f"take-{first.id}": "1", f"through-{first.id}": "2026-11"})
    page = one.get(f"{base(branch)}/{sheet().id}").get_data(as_text=True)
    assert 'value="57.90"' in page
    answer = write(
        branch,
        one,
        **{f"take-{second.id}": "1", f"through-{second.id}": "2026-11", f"amount-{second.id}": "十九块三"},
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "十九块三" in page and "孙二" in page
    assert write(branch, one).status_code == 422, "an empty sheet is not handed over"


def test_paid_online_meanwhile_becomes_credit_of_the_same_member(day):
    branch, (first, *_), one, two = day
    write(branch, one, **{f"take-{first.id}": "1", f"through-{first.id}": "2026-11"})
    pay(branch, first, 5790, MONTHS, key="ONLINE")
    assert decide(branch, two, "confirm", counted="57.90").status_code == 303
    assert paid(first) == dict.fromkeys(MONTHS, 1930)
    from plugins.dues.service import books

    with branch.inside():
        assert books.credit_of(branch.district.id, first.id) == 5790
    agrees(branch)


def test_two_confirmers_at_once_book_once(day):
    branch, (first, second, _third), one, two = day
    third = branch.world.browser(
        branch.world.account(branch.member(name="核对丙"), role="secretary", organization=branch.organization)
    )
    write(
        branch,
        one,
        **{f"take-{who.id}": "1" for who in (first, second)},
        **{f"through-{who.id}": "2026-11" for who in (first, second)},
    )
    made = sheet()
    version, barrier, answers = made.version, threading.Barrier(2), []
    session.remove()

    def go(browser: Browser, once: str) -> None:
        barrier.wait()
        form = {"_once": once, "version": str(version), "counted": "115.80"}
        answers.append(browser.post(f"{base(branch)}/{made.id}/confirm", data=form).status_code)

    threads = [threading.Thread(target=go, args=(who, key())) for who in (two, third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409]
    assert vouchers() == 2
    agrees(branch)


def test_others_find_no_sheet(day):
    branch, (first, *_), one, _two = day
    write(branch, one, **{f"take-{first.id}": "1", f"through-{first.id}": "2026-11"})
    made, world = sheet(), branch.world
    other = world.organization(branch.district)
    neighbour = world.browser(world.account(world.member(other), role="dues_collector", organization=other))
    assert neighbour.get(f"{base(branch)}/{made.id}").status_code == 404
    assert decide(branch, neighbour, "confirm", counted="57.90").status_code == 404
    plain = world.browser(world.account(first))
    assert plain.get(base(branch)).status_code == 404
    assert vouchers() == 0


def test_the_treasurer_records_the_deposit_once_and_the_holder_never(day):
    branch, (first, *_), one, two = day
    write(branch, one, **{f"take-{first.id}": "1", f"through-{first.id}": "2026-11"})
    decide(branch, two, "confirm", counted="57.90")
    treasurer = branch.world.browser(branch.world.account(role="treasurer", district=branch.district))
    url = f"{base(branch)}/deposit"
    assert "57.90元" in treasurer.get(url).get_data(as_text=True)
    holder = str(sheet().collected_by)
    form = {"holder": holder, "reference": "BANK-2026-1", "day": "2026-11-21"}
    assert treasurer.post(url, data={**form, "reference": "", "_once": key()}).status_code == 422
    for wrong, why in (("2026-11-20", "存银行不会更早"), ("2026-11-22", "不能写今天以后的日期")):
        refused = treasurer.post(url, data={**form, "day": wrong, "_once": key()})
        assert refused.status_code == 422 and why in refused.get_data(as_text=True)
    assert treasurer.post(url, data={**form, "_once": key()}).status_code == 303
    assert treasurer.post(url, data={**form, "_once": key()}).status_code == 409
    assert one.get(url).status_code == 404
    agrees(branch)


def test_paid_online_at_the_same_instant_is_one_month_and_credit(day):
    """Whoever is first pays the months; the other's money stays the same member's credit."""
    from plugins.dues.service import books

    branch, (first, *_), one, two = day
    write(branch, one, **{f"take-{first.id}": "1", f"through-{first.id}": "2026-11"})
    made, member_id = sheet(), first.id
    form = {"_once": key(), "version": str(made.version), "counted": "57.90"}
    url, barrier, failed = f"{base(branch)}/{made.id}/confirm", threading.Barrier(2), []
    session.remove()

    def online() -> None:
        try:
            with branch.world.app.app_context():
                barrier.wait()
                pay(branch, first, 5790, MONTHS, key="ONLINE")
                session.remove()
        except BaseException as error:
            failed.append(error)

    payer = threading.Thread(target=online)
    payer.start()
    barrier.wait()
    answer = two.post(url, data=form)
    payer.join()
    assert (answer.status_code, failed) == (303, [])
    with branch.inside():
        found = session.execute(
            select(DuesObligation.paid_fen).where(DuesObligation.member_id == member_id)
        ).all()
        assert [row.paid_fen for row in found] == [1930] * 3
        assert books.credit_of(branch.district.id, member_id) == 5790
    assert vouchers() == 2
    agrees(branch)


def test_a_sheet_s_day_is_neither_to_come_nor_long_gone(day):
    """31 days back unless the district says otherwise; the form keeps what was typed."""
    branch, (first, *_), one, _two = day
    ticked = {f"take-{first.id}": "1", f"through-{first.id}": "2026-11"}
    for wrong, why in (
        ("2026-11-22", "不能写今天以后的日期。"),
        ("2026-10-20", "现金单最多补记31天前的，最早写2026年10月21日。更早收的，请写今天的日期。"),
        ("0001-01-01", "现金单最多补记31天前的"),
    ):
        refused = write(branch, one, **ticked | {"day": wrong})
        said = refused.get_data(as_text=True)
        assert refused.status_code == 422 and why in said and f'value="{wrong}"' in said
        assert sheet().state == "draft"
    assert write(branch, one, **ticked | {"day": "2026-10-21"}).status_code == 303
    assert sheet().day.isoformat() == "2026-10-21" and sheet().state == "handed_over"


def test_a_district_says_how_far_back_a_sheet_may_go(day):
    branch, (first, *_), one, _two = day
    with branch.inside():
        settings.put(branch.district.id, "dues.cash_back_days", 400, by=None)
    ticked = {f"take-{first.id}": "1", f"through-{first.id}": "2026-11"}
    refused = write(branch, one, **ticked | {"day": "2025-12-31"})
    said = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "支部从2026年1月1日起在这里登记" in said
    assert write(branch, one, **ticked | {"day": "2026-01-01"}).status_code == 303


def test_a_used_reference_is_said_beside_its_field_and_other_forms_of_a_day_are_taken(day):
    branch, (first, second, _third), one, two = day
    treasurer = branch.world.browser(branch.world.account(role="treasurer", district=branch.district))
    url, form = f"{base(branch)}/deposit", {"reference": "BANK-2026-1", "day": "２０２６年11月21日"}
    for member in (first, second):
        write(branch, one, **{f"take-{member.id}": "1", f"through-{member.id}": "2026-11"})
        decide(branch, two, "confirm", counted="57.90")
        form |= {"holder": str(sheet().collected_by)}
        last = treasurer.post(url, data={**form, "_once": key()})
        if member is first:
            assert last.status_code == 303
    assert last.status_code == 422 and last.get_data(as_text=True).count("这个回单号已经登记过") == 2
    assert treasurer.post(url, data={**form, "_once": key(), "reference": "BANK-2"}).status_code == 303
    listed = treasurer.get(url).get_data(as_text=True)
    assert listed.index("BANK-2<") < listed.index("BANK-2026-1<")
    done = one.get(f"{base(branch)}/{sheet().id}").get_data(as_text=True)
    assert "2026年11月21日存进了银行，回单号BANK-2。" in done
    agrees(branch)
