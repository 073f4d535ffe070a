"""Calendar links: what they show and to whom, read back by a parser that is not ours."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import vobject
from sqlalchemy import select, update

from plugins.bookings.judging import Asker
from plugins.bookings.models import BookingsFeed
from plugins.bookings.service import changing, feeds
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.verdicts import Span
from portal.api import Account, clock, everything, session, transaction

GOLDEN = Path(__file__).parent / "data" / "feed.ics"
PHONE = "10088887531"


class Owner:
    """Somebody with bookings and a link to them."""

    def __init__(self, center: Center) -> None:
        self.center = center
        self.account = center.world.account()
        with center.inside():
            self.feed = feeds.make_own(account_id=self.account.id)
        self.path = path(self.feed)

    def book(self, *spans: Span, **values: Any) -> Any:
        with self.center.inside():
            asker = Asker(account_id=self.account.id)
            return self.center.book(*spans, asker=asker, by=self.account.id, **values)

    def url(self, rest: str = "calendar") -> str:
        return f"/d/{self.center.district.code}/bookings/{rest}"

    def browser(self) -> Any:
        return self.center.world.browser(self.account)


def path(feed: BookingsFeed) -> str:
    return f"/c/{feeds.token(feed.uid)}.ics"


@pytest.fixture
def owner(center: Center) -> Owner:
    return Owner(center)


def read(client: Any, path: str) -> Any:
    reply = client.get(path)
    assert reply.status_code == 200
    return vobject.readOne(reply.get_data(as_text=True))


def test_another_parser_reads_what_was_booked(owner: Owner, client: Any) -> None:
    owner.book(span(3, 9, 10), title="支部学习；请带笔记本, 谢谢\n第二行")
    [event] = read(client, owner.path).vevent_list
    # vobject's own zone: the same instants.
    assert (event.dtstart.value, event.dtend.value) == (at(3, 9), at(3, 10))
    assert event.summary.value == "支部学习；请带笔记本, 谢谢 第二行"
    assert event.location.value == "测试党群服务中心 培训室 测试路1号"
    assert event.status.value == "CONFIRMED" and event.sequence.value == "0"
    assert event.url.value.startswith("http") and "/bookings/" in event.url.value


def test_a_calendar_names_no_number_and_no_organization(owner: Owner, client: Any) -> None:
    branch = owner.center.world.organization(owner.center.district, name="看不见的支部")
    with owner.center.inside():
        asker = Asker(account_id=owner.account.id, organization_id=branch.id)
        owner.center.book(
            span(3, 9, 10), asker=asker, by=owner.account.id, contact=Contact(name="李联系", phone=PHONE)
        )
    text = client.get(owner.path).get_data(as_text=True)
    assert "BEGIN:VEVENT" in text
    for secret in (PHONE, PHONE[-4:], "看不见的支部", "李联系"):
        assert secret not in text


def test_a_moved_booking_keeps_its_uid_and_rises_in_sequence(owner: Owner, client: Any) -> None:
    made = owner.book(span(3, 9, 10))
    [before] = read(client, owner.path).vevent_list
    with owner.center.inside():
        [row] = owner.center.times(made)
        changing.move(
            row,
            version=row.version,
            span=span(4, 14, 15),
            room=owner.center.room(),
            asker=Asker(account_id=owner.account.id),
            by=owner.account.id,
        )
    [after] = read(client, owner.path).vevent_list
    assert after.uid.value == before.uid.value == row.uid
    assert int(after.sequence.value) > int(before.sequence.value)
    assert after.dtstart.value == at(4, 14)


def test_a_cancelled_time_stays_as_cancelled_for_phones_to_drop_it(owner: Owner, client: Any) -> None:
    made = owner.book(span(3, 9, 10))
    with owner.center.inside():
        [row] = owner.center.times(made)
        changing.cancel(
            [row], versions={row.id: row.version}, reason="不去了", by=owner.account.id, staff=False
        )
    [event] = read(client, owner.path).vevent_list
    assert (event.status.value, event.sequence.value) == ("CANCELLED", "1")
    with clock.frozen(at(2, 10) + timedelta(days=59)):
        assert len(read(client, owner.path).vevent_list) == 1
    with clock.frozen(at(2, 10) + timedelta(days=62)):
        assert "VEVENT" not in client.get(owner.path).get_data(as_text=True)


def test_a_request_is_tentative_and_a_day_left_out_was_never_there(owner: Owner, client: Any) -> None:
    with owner.center.inside():
        owner.center.book(span(10, 9, 10))
    weeks = [Span(start=at(day, 9), end=at(day, 10)) for day in (3, 10, 17)]
    owner.book(*weeks, rule="FREQ=WEEKLY;COUNT=3", skip=True)
    found = [(event.dtstart.value, event.status.value) for event in read(client, owner.path).vevent_list]
    assert found == [(at(3, 9), "CONFIRMED"), (at(17, 9), "CONFIRMED")]
    owner.center.setting("approval", "ask")
    owner.book(span(5, 9, 10))
    states = {event.dtstart.value: event.status.value for event in read(client, owner.path).vevent_list}
    assert states[at(5, 9)] == "TENTATIVE"


def test_only_the_own_bookings_are_in_it(owner: Owner, client: Any) -> None:
    other = Owner(owner.center)
    other.book(span(3, 9, 10), title="别人的事")
    owner.book(span(4, 9, 10), title="自己的事")
    assert [event.summary.value for event in read(client, owner.path).vevent_list] == ["自己的事"]


def test_lines_are_75_octets_and_end_as_the_standard_says(owner: Owner, client: Any) -> None:
    title = "党员学习教育活动," * 9
    owner.book(span(3, 9, 10), title=title)
    body = client.get(owner.path).data
    lines = body.split(b"\r\n")
    assert lines[-1] == b"" and b"\n" not in b"".join(lines)
    assert max(len(line) for line in lines) <= 75 and any(line.startswith(b" ") for line in lines)
    for line in lines:
        line.decode()  # no character is cut in two
    unfolded = body.replace(b"\r\n ", b"").decode()
    assert "SUMMARY:" + title[:80].strip().replace(",", "\\,") in unfolded


def test_the_feed_is_the_golden_one(owner: Owner, client: Any) -> None:
    owner.book(span(3, 9, 10), title="支部学习, 第一组")
    text = client.get(owner.path).data.decode()
    text = re.sub(r"^(UID|URL):.*(\r\n .*)*", r"\1:-", text, flags=re.M)
    with GOLDEN.open(newline="") as file:
        assert text == file.read()


def test_the_zone_of_the_file_is_shanghai_s(owner: Owner, client: Any) -> None:
    owner.book(span(3, 9, 10))
    text = client.get(owner.path).get_data(as_text=True)
    assert "TZID:Asia/Shanghai" in text and "TZOFFSETTO:+0800" in text
    assert "DTSTART;TZID=Asia/Shanghai:20260303T090000" in text


def test_what_did_not_change_is_not_sent_again(owner: Owner, client: Any) -> None:
    owner.book(span(3, 9, 10))
    first = client.get(owner.path)
    assert first.headers["Cache-Control"] == "private, no-cache" and first.headers["Last-Modified"]
    again = client.get(owner.path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    owner.book(span(4, 9, 10))
    changed = client.get(owner.path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and changed.headers["ETag"] != first.headers["ETag"]


def test_every_reason_why_not_looks_the_same(owner: Owner, client: Any) -> None:
    owner.book(span(3, 9, 10))
    other = Owner(owner.center)

    def answer(where: str) -> tuple[int, bytes]:
        reply = client.get(where)
        # Each page has its own token for forms, and a way back to itself.
        said = re.sub(rb'(csrf-token" content|name="csrf_token" value)="[^"]*"', b"", reply.data)
        return reply.status_code, said.replace(where.encode(), b"").replace(quote(where, "").encode(), b"")

    wrong = answer("/c/" + "0" * 32 + ".ics")
    assert wrong[0] == 404
    assert answer("/c/x.ics") == wrong and answer("/c/" + "f" * 40 + ".ics") == wrong
    with owner.center.inside():
        feeds.revoke(other.feed, by=None)
    assert answer(other.path) == wrong
    with everything(), transaction():
        session.execute(update(Account).where(Account.id == owner.account.id).values(disabled_at=clock.now()))
    assert answer(owner.path) == wrong
    with everything(), transaction():
        session.execute(update(Account).where(Account.id == owner.account.id).values(disabled_at=None))
    assert answer(owner.path)[0] == 200
    owner.center.world.switch(owner.center.district, "bookings", on=False)
    assert answer(owner.path) == wrong


def test_only_a_hash_of_the_secret_is_kept(owner: Owner) -> None:
    with owner.center.inside():
        [row] = session.scalars(select(BookingsFeed))
        kept = [str(getattr(row, column.name)) for column in BookingsFeed.__table__.columns]
    secret = feeds.token(owner.feed.uid)
    assert len(bytes.fromhex(secret)) == 16
    assert not any(secret in value for value in kept)


def test_reading_writes_nothing(owner: Owner, client: Any) -> None:
    owner.book(span(3, 9, 10))

    def rows() -> list[Any]:
        with owner.center.inside():
            session.rollback()
            return [tuple(row) for row in session.execute(select(BookingsFeed.__table__))]

    before = rows()
    client.get(owner.path)
    assert rows() == before


def test_the_door_slows_down_who_asks_too_often(owner: Owner, client: Any) -> None:
    owner.center.world.app.config["FINDS_A_MINUTE"] = 2
    assert [client.get(owner.path).status_code for _ in range(3)] == [200, 200, 429]
