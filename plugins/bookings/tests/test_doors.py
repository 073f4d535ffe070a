"""Whichever door one comes by: a form, a fragment, the desk, a file. The same answer, and no name let out."""

from __future__ import annotations

import io
import posixpath
import re
from typing import Any

from plugins.bookings.judging import Asker
from plugins.bookings.service.asking import Contact
from plugins.bookings.tests.conftest import Center, at, span
from plugins.bookings.tests.pages import Somebody, said, somebody
from plugins.bookings.tests.test_desk_rights import key
from plugins.bookings.tests.test_pages_ask import TYPED, ask, bookings
from plugins.bookings.tests.test_taking_in import calendar, event
from plugins.bookings.tests.test_taking_in_sheet import csv
from portal.api import session

TIGHT = "前后要留出准备和整理的时间，这个时间挨得太近了。"
SECRETS = ("密谈甲乙", "看不见的支部", "岑联系", "7531")


def file(desk: Somebody, path: str, data: bytes, name: str, **form: str) -> Any:
    """Send a file of bookings to the page that shows what would become of it."""
    return desk.post(path, {**form, "file": (io.BytesIO(data), name)})


def test_the_minutes_to_tidy_up_are_kept_at_every_door(inside: Center):
    inside.setting("buffer_after", 15)
    me = somebody(inside, inside.world.member(inside.world.organization(inside.district)))
    desk = somebody(inside, role="desk", district=inside.district)
    inside.book(span(3, 9, 10))
    own = inside.book(span(3, 14, 15), asker=Asker(account_id=me.id), by=me.id)
    room, uid, (row,) = inside.room().uid, str(own.uid), inside.times(own)
    time, version = row.uid, row.version
    session.commit()
    after = {"from": "10:00", "to": "11:00"}
    counter = {"contact_name": "王测", "headcount": "5", "room": room, "day": "2026-03-03"}
    dragged = {"id": time, "version": version, "resource": room, "start": "2026-03-03T10:00"}
    moving = me.get(f"{uid}/times/{time}/move")

    def fragment(act: str) -> Any:
        form = {**TYPED, **after, "act": act, "_once": key()}
        session.remove()
        return me.client.post(me.url(f"rooms/{room}/ask"), data=form, headers={"HX-Request": "true"})

    doors = {
        "checked": ask(me, **after),
        "sent": ask(me, act="send", _once=key(), **after),
        "fragment, checked": fragment("check"),
        "fragment, sent": fragment("send"),
        "counter": desk.post("desk/counter", {**counter, "start": "10", "end": "11", "_once": key()}),
        "dragged": desk.post("desk/move", {**dragged, "end": "2026-03-03T11:00", "_once": key()}),
        "moved": me.press(moving, "改到这个时间", **after),
    }
    assert {name: answer.status_code for name, answer in doors.items()} == dict.fromkeys(doors, 409)
    assert "<html" not in doors["fragment, sent"].text and "这个时间刚被订走" in doors["fragment, sent"].text
    times = {"start": "DTSTART:20260303T100000", "end": "DTEND:20260303T110000"}
    about = {"room": room, "headcount": "5", "contact_name": "王测", "skip": ""}
    row_of_sheet = ["2026-03-03", "10:00", "11:00", "培训室", "学习", "", "王测", "", "5"]
    for seen in (
        file(desk, "take-in", calendar(event("a", **times)), "x.ics", **about),
        file(desk, "take-in/sheet", csv(row_of_sheet), "x.csv"),
    ):
        assert seen.status_code == 200 and TIGHT in said(seen)
    assert len(bookings(me)) == 2
    # A quarter later it is free, by the same doors.
    later = {"start": "DTSTART:20260303T101500", "end": "DTEND:20260303T111500"}
    assert TIGHT not in said(file(desk, "take-in", calendar(event("a", **later)), "x.ics", **about))
    assert me.press(ask(me, _once=key(), **{"from": "10:15", "to": "11:15"}), "约下").status_code == 303
    inside.owns_its_slots()


_PART = re.compile(r"<(?:any\((?P<words>[^)]*)\):|[^:<>]*:)?(?P<name>\w+)>")


def addresses(center: Center, records: list[str], **named: str) -> list[str]:
    """Return every address of the plugin that can be read, with each of the records where it names one."""
    rules = [
        rule.rule.partition("/bookings/")[2]
        for rule in center.world.app.url_map.iter_rules()
        if rule.endpoint.startswith("bookings.")
        and not rule.endpoint.endswith(".static")
        and "GET" in (rule.methods or ())
    ]

    def filled(rule: str, record: str) -> str:
        def value(part: re.Match[str]) -> str:
            if part["words"]:
                return "rooms" if "rooms" in part["words"] else "end"
            return named.get(part["name"], record)

        return _PART.sub(value, rule)

    return sorted({filled(rule, record) for rule in rules for record in records})


def test_nobody_else_reads_whose_a_time_is_at_any_address(inside: Center):
    """Page, fragment, calendar file and sheet: whoever has no part in a booking learns that it is taken."""
    branch = inside.world.organization(inside.district, name="看不见的支部")
    owner = somebody(inside)
    asker = Asker(account_id=owner.id, organization_id=branch.id)
    contact = Contact(name="岑联系", phone="10088887531")
    made = inside.book(span(3, 9, 10), title="密谈甲乙", contact=contact, asker=asker, by=owner.id)
    time = inside.times(made)[0].uid
    records = [str(made.uid), inside.room().uid, inside.room().venue_uid]
    paths = addresses(inside, records, room_uid=records[1], occurrence_uid=time)
    session.commit()
    desk = somebody(inside, role="desk", district=inside.district)
    desk.post("calendar/rooms/make", {"room": records[1], "_once": key()})
    link = re.findall(r"/c/[0-9a-f]{32}\.ics", desk.get("calendar/rooms").text)[0]
    # What its owner reads shows that the words would be found.
    page = owner.get(records[0]).text
    assert "密谈甲乙" in page and "岑联系" in page
    told, read = [], []
    for browser in (inside.world.browser(), somebody(inside).client):
        for path in (*paths, f"../../..{link}", "../"):
            for headers in ({}, {"HX-Request": "true"}):
                session.remove()
                url = owner.url(path)
                plain = posixpath.normpath(url) + "/" * url.endswith("/")
                answer = browser.get(f"{plain}?day=2026-03-03", headers=headers)
                told += [(path, word) for word in SECRETS if word in answer.text]
                if answer.status_code != 200:
                    break
                read.append(path)
    assert told == []
    assert {"", f"rooms/{records[1]}", f"venues/{records[2]}", "mine", "../"} <= set(read)
    busy = browser.get(link).text
    assert "已约" in busy and f"{at(3, 9):%Y%m%dT%H%M%S}" in busy
