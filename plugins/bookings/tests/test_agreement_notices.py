"""Who is told of an agreement: the other party of what one does, both of what time does; each once."""

from __future__ import annotations

from datetime import date

import pytest

from plugins.bookings import jobs_agreements
from plugins.bookings.service import agreed_ends, agreeing
from plugins.bookings.tests.conftest import Center, span
from plugins.bookings.tests.sharing import Shared
from portal.api import clock, notices


@pytest.fixture
def shared(inside: Center) -> Shared:
    return Shared(inside)


class Told:
    """What the people of both parties were told since last asked, the oldest first."""

    def __init__(self, shared: Shared) -> None:
        self._seen: dict[str, int] = {}
        self._people = {"a": shared.a, "b": shared.b, "stranger": shared.stranger}

    def __call__(self) -> dict[str, list[str]]:
        found = {}
        for name, actor in self._people.items():
            assert actor.account_id is not None
            every = [one.text for one in notices.inbox(actor.account_id, limit=100)[::-1]]
            new, self._seen[name] = every[self._seen.get(name, 0) :], len(every)
            if new:
                found[name] = new
        return found


def test_each_party_is_told_what_the_other_does_and_both_what_time_does(shared: Shared):
    told = Told(shared)
    row = shared.draft(valid_to=date(2026, 5, 1))
    when = "2026年1月1日至2026年4月30日"
    assert told() == {
        "a": [f"甲厂礼堂的共享协议（{when}）写好了草稿，请看内容。先由场地单位签，再由另一方签。"]
    }
    agreeing.sign(row, version=row.version, by=shared.a)
    assert told() == {"b": [f"甲厂礼堂的共享协议（{when}）场地单位签好了，等您这一方签。"]}
    agreeing.give_back(row, version=row.version, reason="时间要改。", by=shared.b)
    assert told() == {"a": ["甲厂礼堂的共享协议退回去改了：时间要改。改好以后要重新签。"]}
    agreeing.sign(row, version=row.version, by=shared.a)
    agreeing.sign(row, version=row.version, by=shared.b)
    found = told()
    assert found["a"] == [f"甲厂礼堂的共享协议两方都签好了：{when}。"] and len(found["b"]) == 1
    kept = shared.center.times(shared.book(span(28, 9, 10)))[0]
    agreed_ends.suspend(row, version=row.version, reason="检修", choices={kept.id: "keep"}, by=shared.a)
    assert told() == {"b": ["甲厂礼堂的共享协议暂停了：检修。以后还有1个预约照常用。"]}
    agreed_ends.resume(row, version=row.version, by=shared.b)
    assert told() == {"a": ["甲厂礼堂的共享协议恢复了，又可以约了。"]}
    # It is to end before a booking that takes place all the same; then time does the rest.
    agreed_ends.end(
        row, version=row.version, on=date(2026, 3, 20), reason="搬迁", choices={kept.id: "keep"}, by=shared.b
    )
    assert told() == {"a": ["甲厂礼堂的共享协议到2026年3月19日为止：搬迁。以后还有1个预约照常用。"]}
    soon = "甲厂礼堂的共享协议2026年3月19日到期。要续，请另写一份协议，两方再签。以后还有1个预约照常用。"
    for day, expected in ((2, [soon]), (3, []), (13, [soon]), (14, []), (19, [])):
        with clock.frozen(date(2026, 3, day)):
            jobs_agreements.agreements_ending({})
            jobs_agreements.agreements_ending({})
        assert told() == ({"a": expected, "b": expected} if expected else {}), day
    with clock.frozen(date(2026, 3, 20)):
        jobs_agreements.agreements_ending({})
        jobs_agreements.end_agreements({})
        jobs_agreements.end_agreements({})
    over = ["甲厂礼堂的共享协议到期了，以后的时间约不了了。以后还有1个预约照常用。"]
    assert told() == {"a": over, "b": over}
    shared.center.owns_its_slots()


def test_a_district_says_when_or_never(shared: Shared):
    row = shared.agree(valid_to=date(2026, 3, 10))
    told = Told(shared)
    told()
    shared.center.setting("agreement_days", 0)
    shared.center.setting("agreement_days_again", 0)
    assert agreed_ends.remind() == 0 and told() == {}
    shared.center.setting("agreement_days_again", 8)
    assert agreed_ends.remind() == 1 and len(told()["a"]) == 1
    agreed_ends.end(row, version=row.version, on=clock.today(), reason="不办了", choices={}, by=shared.a)
    assert told() == {"b": ["甲厂礼堂的共享协议结束了：不办了。"]}
