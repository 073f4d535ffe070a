"""Where the books begin, by hand: nobody says how far they themselves had paid (rule K12)."""

from __future__ import annotations

import pytest
from werkzeug.exceptions import Forbidden

from plugins.dues.models import DuesMemberOpening
from plugins.dues.service import openings
from portal.api import everything, session

from .conftest import Branch
from .test_cash import key


def test_nobody_writes_down_an_own_month(branch: Branch):
    own = branch.member(name="钱本人", paid_through=None, category=None)
    other = branch.member(name="孙另一", paid_through=None, category=None)
    account = branch.world.account(own, role="treasurer", district=branch.district)
    browser, path = branch.world.browser(account), f"/d/{branch.district.code}/dues/openings"

    def write(*members: int):
        form = {"_once": key(), "branch": branch.organization.id}
        form |= {f"through-{one}": "2026-10" for one in members} | {f"was-{one}": "" for one in members}
        return browser.post(path, data=form)

    refused = write(own.id, other.id)
    assert refused.status_code == 422 and "请另一位同志来写" in refused.get_data(as_text=True)
    assert write(other.id).status_code == 303
    with pytest.raises(Forbidden), branch.inside():
        openings.set_paid_through(
            district=branch.ref, member=own, month="2026-10", source="desk", by=account.id
        )
    session.rollback()
    with everything():
        assert [row.member_id for row in session.query(DuesMemberOpening)] == [other.id]


def test_nobody_has_paid_further_ahead_than_the_rule_allows(branch: Branch):
    """The rate table says six months: in November 2026 the latest month is May 2027, on the page too."""
    other = branch.member(name="孙另一", paid_through=None, category=None)
    account = branch.world.account(role="treasurer", district=branch.district)
    browser, path = branch.world.browser(account), f"/d/{branch.district.code}/dues/openings"

    def write(month: str):
        form = {"_once": key(), "branch": branch.organization.id, f"was-{other.id}": ""}
        return browser.post(path, data=form | {f"through-{other.id}": month})

    refused = write("2027-06")
    said = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "党费最多预交6个月，今天最晚只能写到2027年5月，请核对年份和月份。" in said
    with pytest.raises(openings.TooFarAhead), branch.inside():
        openings.set_paid_through(
            district=branch.ref, member=other, month="2036-05", source="letter", by=account.id
        )
    session.rollback()
    assert write("2027-05").status_code == 303
    with everything():
        assert [row.paid_through for row in session.query(DuesMemberOpening)] == ["2027-05"]


def test_a_first_month_years_ahead_frees_no_branch(branch: Branch):
    fresh = branch.world.organization(branch.district)
    with pytest.raises(openings.TooFarAhead), branch.inside():
        openings.start_branch(district=branch.ref, organization=fresh, start_month="2036-01", by=None)
    session.rollback()
