"""Messages leave after commit, say nothing on a lock screen, and their three outcomes are kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from portal import clock, jobs, notices
from portal.database import Conflict, everything, session, transaction
from portal.identity.models import Account
from portal.jobs import run_due
from portal.notices import Address, Template, forget_undelivered
from portal.notices.delivery import end_of_quiet
from portal.notices.demo import messages
from portal.notices.models import Delivery, DemoMessage, Notice
from portal.notices.templates import RevealingText
from portal.plugin import Channel, Message
from tests import house

NOON = datetime(2026, 11, 2, 4, tzinfo=UTC)
PHONE = "10012345678"

CODE = notices.declare(
    Template(
        key="t.code", title="验证码", body="%(code)s，%(minutes)s分钟内有效", urgent=True, phone_only=True
    )
)
WAITS = notices.declare(
    Template(key="t.waits", title="您有一条新消息", body="请登录查看", inside="%(months)s的党费可以交了")
)

MUST = notices.declare(Template(key="t.must", title="t.must", body="请登录查看", kind="duty"))

sent: list[tuple[str, Message]] = []
answers: dict[str, list[str] | Exception] = {}


def channel(key: str, order: int, **options: Any) -> Channel:
    def send(message: Message, district: Any) -> str:
        sent.append((key, message))
        answer = answers.get(key, ["sent"])
        if isinstance(answer, Exception):
            raise answer
        return answer.pop(0) if len(answer) > 1 else answer[0]

    return Channel(key=key, label=key, send=send, order=order, **options)


CHANNELS = [channel("chat", 20), channel("sms", 10, at_most_once=True)]


@pytest.fixture(autouse=True)
def app(tmp_path: Path) -> Iterator[Flask]:
    sent.clear()
    answers.clear()
    app = house.build(tmp_path)
    notices.configure(
        app, channels=lambda district_id: (None, CHANNELS), address_of=lambda _: Address(phone=PHONE)
    )
    with app.app_context(), clock.frozen(NOON):
        house.furnish()
        with transaction():
            for number in (1, 2):
                values = {"id": number, "uid": str(number), "openid": {}, "created_at": NOON}
                session.execute(insert(Account).values(display_name="", **values))
        yield app
        house.leave()


def tell(**options: Any) -> int | None:
    with transaction():
        return notices.notify(
            "t.waits", account_id=1, district_id=1, params={"months": "6月、7月"}, **options
        )


def code(**options: Any) -> int:
    with transaction():
        return notices.send_to_phone(
            "t.code", phone=PHONE, params={"code": "123456", "minutes": 10}, **options
        )


def state(delivery_id: int = 1) -> tuple[str, str | None]:
    session.rollback()
    row = session.execute(select(Delivery).where(Delivery.id == delivery_id)).scalar_one()
    session.refresh(row)
    session.rollback()
    return row.state, row.channel


def test_rolled_back_act_sends_nothing() -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        notices.notify("t.waits", account_id=1, district_id=1, params={"months": "6月"})
        _ = 1 // 0
    assert run_due() == 0
    assert session.execute(select(Notice)).all() == []


def test_notice_tells_inside_what_it_does_not_say_outside() -> None:
    tell(url="/d/999991/dues/")
    run_due()
    ((_, message),) = sent
    assert (message.title, message.body, message.params) == ("您有一条新消息", "请登录查看", {})
    (shown,) = notices.inbox(1)
    assert (shown.text, shown.url, shown.read) == ("6月、7月的党费可以交了", "/d/999991/dues/", False)
    assert notices.inbox(2) == []
    assert notices.mark_read([shown.id], account_id=2) == 0
    assert notices.unread_count(1) == 1
    assert notices.mark_read([shown.id], account_id=1) == 1
    assert (notices.unread_count(1), notices.inbox(1, unread=True)) == (0, [])


def test_same_key_tells_once() -> None:
    assert tell(dedupe_key="november") is not None
    assert tell(dedupe_key="november") is None
    run_due()
    assert len(sent) == 1


def test_notice_may_stay_inside() -> None:
    tell(outward=False)
    assert run_due() == 0
    assert notices.unread_count(1) == 1


@pytest.mark.parametrize(
    ("title", "body"),
    [("党费提醒", "请登录"), ("提醒", "您还欠3个月"), ("提醒", "%(name)s您好"), ("提醒", "%(amount)s元")],
)
def test_template_that_reveals_something_is_refused(title: str, body: str) -> None:
    with pytest.raises(RevealingText):
        notices.declare(Template(key="t.bad", title=title, body=body))


def test_code_is_sealed_while_it_waits_and_wiped_when_sent() -> None:
    delivery = code()
    row = session.execute(select(Delivery.params_sealed, Delivery.phone_sealed)).one()
    assert b"123456" not in row[0] and PHONE.encode() not in row[1]
    assert "123456" not in str(session.execute(select(jobs.service.TABLE.c.payload)).all())
    session.rollback()
    run_due()
    assert sent[0][1].params == {"code": "123456", "minutes": "10"}
    assert state(delivery) == ("sent", "sms")
    assert session.execute(select(Delivery.params_sealed, Delivery.phone_sealed)).one() == (None, None)


def test_code_that_expired_before_it_was_sent_stays_here() -> None:
    delivery = code(expires_at=NOON + timedelta(minutes=10))
    with clock.frozen(NOON + timedelta(minutes=10)):
        run_due()
    assert (state(delivery)[0], sent) == ("expired", [])


def test_quiet_hours_hold_notices_back_and_let_codes_through() -> None:
    night = datetime(2026, 11, 2, 14, 0, tzinfo=UTC)  # 22:00 in Shanghai
    with clock.frozen(night):
        tell(), code()
        run_due()
        assert [message.template for _, message in sent] == ["t.code"]
    with clock.frozen(datetime(2026, 11, 3, 0, 0, tzinfo=UTC)):  # 08:00
        run_due()
        assert [message.template for _, message in sent] == ["t.code", "t.waits"]


@pytest.mark.parametrize(
    ("local", "awake"),
    [("21:29", None), ("21:30", "03 08:00"), ("23:59", "03 08:00"), ("00:00", "02 08:00"), ("08:00", None)],
)
def test_quiet_hours_edges(local: str, awake: str | None) -> None:
    hour, minute = map(int, local.split(":"))
    end = end_of_quiet(datetime(2026, 11, 2, hour, minute, tzinfo=clock.SHANGHAI))
    assert (end and end.strftime("%d %H:%M")) == awake


def test_rejected_falls_back_to_the_next_channel() -> None:
    answers["sms"] = ["rejected: not a number"]
    tell()
    run_due()
    assert [key for key, _ in sent] == ["sms", "chat"]
    assert state() == ("sent", "chat")


def test_preference_comes_first_but_not_for_codes() -> None:
    notices.choose({"result": "chat"}, account_id=1)
    tell(), code()
    run_due()
    assert sorted((message.template, key) for key, message in sent) == [
        ("t.code", "sms"),
        ("t.waits", "chat"),
    ]
    notices.choose({}, account_id=1)
    tell()
    run_due()
    assert sent[-1][0] == "sms"


def test_a_kind_kept_inside_is_not_sent_and_what_must_be_said_is() -> None:
    with pytest.raises(ValueError):
        notices.choose({"duty": notices.INSIDE}, account_id=1)
    with pytest.raises(ValueError):
        notices.choose({"gossip": "sms"}, account_id=1)
    notices.choose({"result": notices.INSIDE}, account_id=1)
    tell()
    with transaction():
        notices.notify("t.must", account_id=1, district_id=None)
    run_due()
    assert [message.template for _, message in sent] == ["t.must"]
    kinds = notices.KINDS
    assert [one.about for one in notices.inbox(1)] == [kinds["duty"].label, kinds["result"].label]


def test_a_chosen_channel_that_is_gone_or_refuses_is_not_the_end() -> None:
    notices.choose({"result": "pigeon"}, account_id=1)
    tell()
    run_due()
    assert [key for key, _ in sent] == ["sms"]
    notices.choose({"result": "chat"}, account_id=1)
    answers["chat"] = ["rejected: not bound"]
    tell()
    run_due()
    assert [key for key, _ in sent] == ["sms", "chat", "sms"]


def test_a_message_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValueError):
        notices.declare(Template(key="t.odd", title="您有一条新消息", body="请登录查看", kind="gossip"))


def test_every_channel_rejected_is_shown_as_failed() -> None:
    answers.update(sms=["rejected: a"], chat=["rejected: b"])
    tell()
    run_due()
    with everything():
        (row,) = notices.stuck()
    assert (row.state, row.reason) == ("failed", "b")
    assert notices.stuck() == []  # no scope, no rows


def test_later_is_tried_again_on_the_same_channel() -> None:
    answers["sms"] = ["later: limit", "sent"]
    code()
    run_due()
    assert state()[0] == "waiting"
    with clock.frozen(NOON + timedelta(seconds=5)):
        run_due()
    assert ([key for key, _ in sent], state()) == (["sms", "sms"], ("sent", "sms"))


@pytest.mark.parametrize("answer", [["unknown: timeout"], OSError("cut")])
def test_unknown_is_not_sent_again_by_itself_where_at_most_once(answer: Any) -> None:
    answers["sms"] = answer
    delivery = code()
    run_due()
    with clock.frozen(NOON + timedelta(days=1)):
        run_due()
    assert (len(sent), state(delivery)) == (1, ("unknown", "sms"))
    answers.clear()
    notices.resend(delivery)
    run_due()
    assert (len(sent), state(delivery)[0]) == (2, "sent")
    with pytest.raises(Conflict):
        notices.resend(delivery)


def test_unknown_is_tried_again_where_repeating_is_harmless() -> None:
    answers.update(sms=["rejected: x"], chat=["unknown: timeout", "sent"])
    tell()
    run_due()
    with clock.frozen(NOON + timedelta(seconds=5)):
        run_due()
    assert ([key for key, _ in sent], state()) == (["sms", "chat", "chat"], ("sent", "chat"))


def test_worker_that_died_while_sending_leaves_an_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def die(message: Message, district: Any) -> str:
        raise Killed

    dying = [Channel(key="sms", label="sms", send=die, at_most_once=True)]
    monkeypatch.setitem(globals(), "CHANNELS", dying)
    delivery = code()
    with pytest.raises(Killed):
        run_due()
    monkeypatch.undo()
    with clock.frozen(NOON + timedelta(minutes=2)):
        run_due()
    assert (state(delivery), sent) == (("unknown", "sms"), [])


def test_no_address_and_no_channel_are_failures_in_words(app: Flask) -> None:
    notices.configure(app, channels=lambda _: (None, []), address_of=lambda _: None)
    tell(), code()
    run_due()
    with everything():
        assert sorted(row.reason for row in notices.stuck()) == ["no address", "no channel"]


def test_demo_has_the_demo_channel_and_no_other(tmp_path: Path, app: Flask) -> None:
    app.config["DEMO"] = True
    notices.configure(app, channels=lambda _: (None, CHANNELS), address_of=lambda _: Address(phone=PHONE))
    code()
    run_due()
    assert sent == []
    assert [(row.phone, row.body) for row in messages(PHONE)] == [(PHONE, "123456，10分钟内有效")]
    assert messages("10000000000") == []


def test_without_demo_nothing_reaches_the_demo_outbox() -> None:
    code()
    run_due()
    assert session.execute(select(DemoMessage)).all() == []


def test_group_text_holds_the_link_and_its_picture() -> None:
    found = notices.group_text(
        "本月党费可以交了。已交请忽略，不会用手机的请找我。", url="https://example.invalid/d/1/"
    )
    assert found.text.endswith("\nhttps://example.invalid/d/1/")
    assert found.picture.startswith("data:image/png;base64,")


def test_undeclared_message_is_refused() -> None:
    with pytest.raises(LookupError):
        notices.notify("t.nothing", account_id=1, district_id=1)


def test_what_did_not_arrive_is_kept_for_its_days_and_then_nobody_can_read_it(app: Flask) -> None:
    """Numbers that belong to nobody are never erased with somebody: what they were told goes by itself."""
    days = {1: 3, None: 7}
    notices.configure(app, channels=lambda _: (None, CHANNELS), address_of=lambda _: None, kept_days=days.get)
    answers.update(sms=["rejected: a"], chat=["rejected: b"])
    of_district, of_none = code(district_id=1), code()
    run_due()
    answers.update(sms=["unknown: timeout"])
    unknown = code()
    run_due()
    answers.update(sms=["later: limit"])
    put_off = code(district_id=1)
    run_due()
    with transaction():
        # As one that is due later: never tried, so still to come.
        due = notices.send_to_phone("t.code", phone=PHONE, params={"code": "654321", "minutes": 10})

    def kept() -> list[int]:
        session.rollback()
        whole = Delivery.params_sealed.is_not(None) & Delivery.phone_sealed.is_not(None)
        return list(session.scalars(select(Delivery.id).where(whole).order_by(Delivery.id)))

    everything_there = [of_district, of_none, unknown, put_off, due]
    for after, left in ((2, everything_there), (4, [of_none, unknown, due]), (8, [due])):
        with clock.frozen(NOON + timedelta(days=after)):
            forget_undelivered({})
            assert kept() == left, after
    ends = ["failed", "failed", "unknown", "expired", "waiting"]
    assert [state(one)[0] for one in everything_there] == ends
    with everything():
        assert {(row.id, row.whole, row.reason) for row in notices.stuck()} == {
            (of_district, False, "b"),
            (of_none, False, "b"),
            (unknown, False, "timeout"),
        }
    with pytest.raises(Conflict):
        notices.resend(of_none)
