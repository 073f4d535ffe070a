"""Nobody in the demo is real: codes of an unassigned division, valid checksums, phones nobody answers."""

from __future__ import annotations

from datetime import date

import pytest
from stdnum.cn import ric, uscc

from portal.demo import codes, pingfang, zongyang
from portal.demo.plan import Plan


@pytest.fixture(scope="module", params=[zongyang.plan, pingfang.plan], ids=["zongyang", "pingfang"])
def plan(request: pytest.FixtureRequest) -> Plan:
    found: Plan = request.param()
    return found


def test_codes_equal_the_published_examples():
    # The algorithm of codes.py equals the standards' examples: GB 11643-1999, annex; GB 32100-2015.
    assert ric.calc_check_digit("11010519491231002X") == "X"
    assert uscc.calc_check_digit("91350100M000100Y4") == "3"
    assert codes.ric(date(1949, 12, 31), 2)[:17] == "99999919491231002"


def test_every_national_id_is_valid_unique_and_of_no_place(plan: Plan):
    seen = [person.ric for person in plan.people]
    assert len(set(seen)) == len(seen)
    for number in seen:
        assert number.startswith(codes.DIVISION)
        assert ric.calc_check_digit(number) == number[-1]


def test_sex_and_birth_of_an_id_are_those_of_the_person(plan: Plan):
    for person in plan.people:
        assert person.ric[6:14] == f"{person.born:%Y%m%d}"
        assert ("1" if int(person.ric[16]) % 2 else "2") == person.sex


def test_every_credit_code_is_valid_unique_and_of_no_place(plan: Plan):
    seen = [unit.uscc for unit in plan.units]
    assert len(set(seen)) == len(seen)
    for code in seen:
        assert code[2:8] == codes.DIVISION
        assert uscc.calc_check_digit(code[:-1]) == code[-1]


def test_every_phone_is_one_that_no_network_has(plan: Plan):
    seen = [person.phone for person in plan.people]
    assert len(set(seen)) == len(seen)
    assert all(len(phone) == 11 and phone.startswith("100") for phone in seen)


def test_the_same_plan_every_time():
    assert zongyang.plan() == zongyang.plan()


def test_no_name_of_the_real_figures_is_used(plan: Plan):
    real = ("晨回转", "锦庭", "宇腾", "千仞岗", "义富", "展鹏", "静韩")
    text = " ".join([*(unit.name for unit in plan.units), *(one.name for one in plan.organizations)])
    assert not [name for name in real if name in text]
