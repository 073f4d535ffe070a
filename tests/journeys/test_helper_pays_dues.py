"""A daughter pays her mother's dues at the simulator. Needs the plugins dues and wechatpay."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from paysim import ctl
from paysim.testing import paysim, paysim_process  # noqa: F401
from portal import clock, notices, payments
from portal.database import everything, session, transaction
from portal.identity.models import Account
from portal.members import delegations
from portal.members.models_delegation import Delegation, DelegationAct
from portal.payments.contract import Flow
from portal.payments.models import MerchantAccount, PaymentAttempt
from portal.payments.purpose import PayLine
from tests.journeys.test_member_pays_dues import PHONE, Till, text, till  # noqa: F401


class Family:
    """The till's member, her daughter who may pay for her, and their secretary."""

    def __init__(self, till: Till) -> None:  # noqa: F811
        self.till, self.world = till, till.world
        with everything():
            self.mother_account = session.scalars(
                select(Account).where(Account.person_id == till.member.person_id)
            ).one()
            session.rollback()
        self.daughter = self.world.account()
        self.secretary = self.world.account(
            self.world.member(till.branch), role="secretary", organization=till.branch
        )
        with self.world.writing(till.district), transaction():
            row = Delegation(
                uid="D" * 26,
                district_id=till.district.id,
                member_id=till.member.id,
                account_id=self.daughter.id,
                organization_id=till.branch.id,
                label="赵**",
                asked_index="x",
                relation="child",
                purposes=["dues.pay"],
                state="active",
                asked_by=self.daughter.id,
                asked_at=clock.now(),
                agreed_how="portal",
                agreed_by=self.mother_account.id,
                agreed_at=clock.now(),
                consented_how="in_person",
                consented_by=self.secretary.id,
                consented_at=clock.now(),
                valid_from=clock.today(),
            )
            session.add(row)
        self.uid, self.version = row.uid, row.version
        session.remove()
        self.hers = self.world.browser(self.daughter)

    def url(self, path: str) -> str:
        return f"/d/{self.till.district.code}{path}"

    def page(self, path: str = "", **more: Any) -> Any:
        return self.hers.get(self.url(f"/dues/for/{self.uid}{path}"), **more)

    def begin(self, months: list[str], *, once: str = "helper-form-one", browser: Any = None) -> Any:
        return (browser or self.hers).post(
            self.url(f"/dues/for/{self.uid}/pay"),
            data={"_once": once, "month": months, "way": "demo"},
            headers={"User-Agent": PHONE},
        )

    def revoke(self, browser: Any = None) -> Any:
        return (browser or self.till.browser).post(
            self.url(f"/me/helping/{self.uid}/revoke"),
            data={"_once": "mother-stops-it", "version": self.version},
        )

    def pay(self) -> None:
        number = self.till.attempt().out_trade_no
        ctl.pay(self.till.sim, number)
        self.till.sim.outbox.settle(20)

    def told(self, account: Account) -> list[str]:
        with everything():
            found = [one.text for one in notices.inbox(account.id, limit=50)]
            session.rollback()
        return found


@pytest.fixture
def family(till: Till) -> Family:  # noqa: F811
    return Family(till)


def test_the_helper_sees_what_is_owed_and_nothing_else(family: Family) -> None:
    shown = text(family.page())
    assert "57.90元" in text(family.page("/pay", query_string={"month": family.till.months}))
    assert shown.count("19.30元") >= 3 and "赵**" in shown
    for secret in ("赵明兰", "3860", "养老金", "0.5%", "核定", family.till.branch.name):
        assert secret not in family.page().get_data(as_text=True), secret
    for path in ("/dues/", "/dues/base", "/dues/history", "/me/record"):
        page = family.hers.get(family.url(path))
        assert page.status_code == 404 or "赵" not in page.get_data(as_text=True)


def test_a_helper_pays_and_everybody_reads_who_paid(family: Family) -> None:
    reply = family.begin(family.till.months)
    assert reply.status_code == 303 and "/pay/" in reply.location
    assert "代交3个月党费" in text(family.hers.get(reply.location))
    family.pay()
    assert family.till.counts() == (1, dict.fromkeys(family.till.months, "paid"), 0)
    paid = family.hers.get(reply.location).get_data(as_text=True)
    link = re.search(r'href="([^"]+/dues/for/[^"]+/voucher/[^"]+)"', paid)
    assert link is not None and "赵明兰" not in paid
    voucher = family.hers.get(link[1])
    assert "57.90元" in text(voucher) and family.daughter.display_name in text(voucher)
    assert "赵明兰" not in text(voucher) and family.till.branch.name not in text(voucher)
    said = f"由{family.daughter.display_name}代交"
    assert said in text(family.till.page()) and said in text(family.till.page("history"))
    own = re.search(r'href="([^"]+/dues/voucher/[^"]+)"', family.till.page("history").get_data(as_text=True))
    assert own is not None and family.daughter.display_name in text(family.till.browser.get(own[1]))
    desk = family.world.browser(family.secretary)
    month = desk.get(family.url("/dues/branch"))
    assert said in text(month)
    assert "交" in text(desk.get(family.url(f"/desk/helping/{family.uid}")))
    assert "57.90元" in text(desk.get(family.url(f"/desk/helping/{family.uid}")))
    assert "57.90元" in text(family.till.browser.get(family.url(f"/me/helping/{family.uid}")))
    assert any("替您交了党费" in one for one in family.told(family.mother_account))
    assert any("您替赵**交的党费已登记" in one for one in family.told(family.daughter))


def test_whoever_administers_reads_that_it_was_paid_and_not_how_much(family: Family) -> None:
    family.begin(family.till.months)
    family.pay()
    above = family.world.browser(family.world.account(role="registrar", district=family.till.district))
    page = text(above.get(family.url(f"/desk/helping/{family.uid}")))
    assert "交党费" in page and "57.90" not in page


def test_the_member_paying_for_herself_is_no_help(family: Family) -> None:
    family.till.begin(family.till.months)
    family.pay()
    assert "代交" not in text(family.till.page()) and "代交" not in text(family.till.page("history"))
    assert not any("替" in one for one in family.told(family.mother_account))
    assert family.page("/voucher/" + "x" * 26).status_code == 404


def test_forged_ids_lead_nowhere(family: Family) -> None:
    """Another account with the uid, another district's address, the member's own voucher under the help."""
    stranger = family.world.browser(family.world.account())
    other = family.world.district()
    for browser, path in (
        (stranger, family.url(f"/dues/for/{family.uid}")),
        (family.hers, family.url("/dues/for/" + "E" * 26)),
        (family.hers, f"/d/{other.code}/dues/for/{family.uid}"),
        (family.till.browser, family.url(f"/dues/for/{family.uid}")),
        (family.world.browser(family.secretary), family.url(f"/dues/for/{family.uid}")),
    ):
        assert browser.get(path).status_code == 404
        data = {"_once": "forged-form", "month": family.till.months, "member_id": family.till.member.id}
        assert browser.post(f"{path}/pay", data=data).status_code == 404
    family.till.begin(family.till.months)
    family.pay()
    own = re.search(r"/dues/voucher/([^\"/]+)\"", family.till.page("history").get_data(as_text=True))
    assert own is not None and family.page(f"/voucher/{own[1]}").status_code == 404
    assert family.till.attempt() is not None


def test_months_with_a_gap_and_forms_without_a_key_are_refused(family: Family) -> None:
    assert family.begin(family.till.months[1:]).status_code == 422
    assert family.begin([]).status_code == 422
    assert family.begin(["2026-99"]).status_code == 400
    assert family.begin(family.till.months, once="x").status_code == 400
    assert family.till.attempt() is None
    with family.world.writing(family.till.district):
        assert session.scalar(select(func.count()).select_from(DelegationAct)) == 0
        session.rollback()


def test_revoked_means_gone_at_the_next_request(family: Family) -> None:
    assert family.page().status_code == 200
    assert family.revoke().status_code == 303
    assert family.page().status_code == 404
    assert family.page("/pay", query_string={"month": family.till.months}).status_code == 404
    assert family.begin(family.till.months).status_code == 404
    assert family.till.attempt() is None


def test_money_under_way_when_it_is_revoked_is_taken_and_shown(family: Family) -> None:
    reply = family.begin(family.till.months)
    family.revoke()
    family.pay()
    assert family.till.counts() == (1, dict.fromkeys(family.till.months, "paid"), 0)
    said = f"由{family.daughter.display_name}代交"
    assert said in text(family.till.page())
    # She paid: that much she is told; the voucher is her mother's now.
    hers = family.hers.get(reply.location)
    assert "已交费" in text(hers) and "/voucher/" not in hers.get_data(as_text=True)


def test_the_order_of_somebody_else_is_named_and_not_opened(family: Family) -> None:
    family.till.begin(family.till.months)
    uid = family.till.attempt().uid
    page = family.page().get_data(as_text=True)
    assert "有一笔付款还没有结果" in page and uid not in page
    assert family.hers.get(family.url(f"/pay/{uid}")).status_code == 404


def test_an_order_the_helper_began_is_the_members_to_see(family: Family) -> None:
    family.begin(family.till.months)
    uid = family.till.attempt().uid
    assert f"/pay/{uid}" in family.till.page().get_data(as_text=True)
    assert family.till.browser.get(family.url(f"/pay/{uid}")).status_code == 200


@pytest.mark.parametrize("round_", range(4))
def test_revoking_against_paying_is_one_or_the_other(family: Family, app: Any, round_: int) -> None:
    """Either nothing began, or it began before and its money is taken; never an act without its help."""
    till_, gate = family.till, threading.Barrier(2)
    session.remove()
    answers: dict[str, int] = {}

    def run(name: str, act: Any) -> None:
        with app.app_context():
            gate.wait()
            answers[name] = act().status_code
            session.remove()

    mother = till_.browser
    threads = [
        threading.Thread(target=run, args=("pay", lambda: family.begin(till_.months))),
        threading.Thread(target=run, args=("revoke", lambda: family.revoke(mother))),
    ]
    for thread in threads if round_ % 2 else threads[::-1]:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers["revoke"] == 303 and answers["pay"] in (303, 404)
    assert (till_.attempt() is not None) is (answers["pay"] == 303)
    with family.world.writing(till_.district):
        acts = session.scalar(select(func.count()).select_from(DelegationAct))
        session.rollback()
    assert acts == (answers["pay"] == 303)
    assert family.page().status_code == 404


def test_a_delegation_that_ended_after_the_question_starts_nothing(family: Family) -> None:
    """What the view has read may be over when the attempt is written: it is asked again there."""
    till_ = family.till
    with family.world.writing(till_.district):
        held = delegations.acting(family.uid, account_id=family.daughter.id, purpose="dues.pay")
        account = session.scalars(select(MerchantAccount)).one()
        session.rollback()
    assert held is not None
    family.revoke()
    values = {
        "account": account,
        "member_id": till_.member.id,
        "lines": [PayLine(reference=month, amount_fen=1930) for month in till_.months],
        "flow": Flow.H5,
        "form_token": "too-late",
        "payer_account_id": family.daughter.id,
        "acting": held,
    }
    with family.world.writing(till_.district):
        with pytest.raises(delegations.NoLonger):
            payments.start_attempt(**values)
        with pytest.raises(ValueError):
            payments.start_attempt(**values | {"payer_account_id": family.secretary.id})
        assert session.scalar(select(func.count()).select_from(PaymentAttempt)) == 0
        session.rollback()


def test_the_payee_is_the_one_the_member_pays(family: Family) -> None:
    """The helper's money goes where the member's goes."""
    shown = text(family.page("/pay", query_string={"month": family.till.months}))
    assert "测试区委组织部党费专户" in shown
