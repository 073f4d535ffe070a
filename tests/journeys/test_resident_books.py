"""Somebody new to the portal has a room within one sitting: number, code, notice, form. Needs bookings."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from plugins.bookings.models import BookingsBooking
from plugins.bookings.tests import conftest
from plugins.bookings.tests.conftest import Center
from plugins.bookings.tests.pages import fields_of, said
from portal.api import Account, session
from portal.testing import World
from tests.identity.conftest import Visitor, code_for

#: The plugin's own fixtures, which are known in its folder only.
center, march = conftest.center, conftest.march
PHONE = "10088888888"


@pytest.fixture
def visitor(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.browser())


def test_somebody_new_opens_an_account_with_a_code_and_books_a_room(center: Center, visitor: Visitor) -> None:
    here = f"/d/{center.district.code}"
    with center.inside():
        form = f"{here}/bookings/rooms/{center.room().uid}/ask"
    session.remove()
    assert "08:00—22:00 空着" in said(visitor.get(form.replace("/ask", "?day=2026-03-03")))
    asked = visitor.get(form)
    assert asked.status_code in (302, 303) and "login" in asked.location
    assert visitor.post(f"{here}/join", name="王阿姨", phone=PHONE, next=form).status_code == 303
    assert visitor.type_code(code_for(PHONE)).location == form
    # The notice about data comes before the first form, once.
    notice = f"{here}/me/notice"
    page = visitor.get(form)
    if page.status_code != 200:
        number = re.findall(r'name="notice" value="([^"]+)"', visitor.get(notice).text)[0]
        assert visitor.post(notice, next=form, notice=number).location == form
        page = visitor.get(form)
    typed: dict[str, Any] = {
        "day": "2026-03-03",
        "from": "09:00",
        "to": "10:00",
        "title": "太极拳",
        "people": "8",
        "contact_name": "王阿姨",
    }
    once = re.findall(r'name="_once" value="([^"]+)"', page.text)[0]
    checked = visitor.post(form, **typed, _once=once, act="check")
    assert checked.status_code == 200 and "还没有约上" in said(checked)
    head, inner = next(
        found
        for found in re.findall(r"<form\b([^>]*)>(.*?)</form>", checked.text, re.S)
        if "约下" in found[1]
    )
    action, fields = fields_of(head, inner)
    done = visitor.post(action, form, **{**fields, "act": "send"})
    assert done.status_code == 303
    assert "约好了" in said(visitor.get(done.location))
    with center.inside():
        booking = session.scalars(select(BookingsBooking)).one()
        assert booking.account_id == session.scalars(select(Account.id)).one()
        assert (booking.title, booking.phone_tail) == ("太极拳", PHONE[-4:])
        center.owns_its_slots()
