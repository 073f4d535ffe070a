"""The job that carries one message out: quiet hours, preference, fallback, and three-valued outcomes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import select, update

from portal import clock, crypto, jobs
from portal.database import session, transaction
from portal.notices import templates
from portal.notices.models import Delivery
from portal.notices.service import JOB, chosen
from portal.plugin import Channel, DistrictRef, Message

QUIET = (time(21, 30), time(8, 0))
#: Quick at first: somebody is waiting for a code.
BACKOFF = (5, 20, 60, 300, 900, 3600, 6 * 3600)
#: Days for which a message that did not arrive can be sent again, where nobody says otherwise.
KEPT_DAYS = 7
_EXTENSION = "portal.notices"


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a person can be reached, as identity knows it."""

    phone: str = ""
    openid: Mapping[str, str] = field(default_factory=dict)
    language: str = "zh"


@dataclass
class Wiring:
    """What the rooms above answer: the channels of a district, a person's address, the language."""

    channels: Callable[[int | None], tuple[DistrictRef | None, Iterable[Channel]]]
    address_of: Callable[[int], Address | None]
    language: Callable[[str], AbstractContextManager[Any]]
    kept_days: Callable[[int | None], int]


def configure(
    app: Flask,
    *,
    channels: Callable[[int | None], tuple[DistrictRef | None, Iterable[Channel]]],
    address_of: Callable[[int], Address | None],
    language: Callable[[str], AbstractContextManager[Any]] = lambda code: nullcontext(),
    kept_days: Callable[[int | None], int] = lambda district_id: KEPT_DAYS,
) -> None:
    """Connect the room: ``channels(district_id)`` asks the hook, ``address_of(account_id)`` identity.

    ``kept_days(district_id)`` says how long what did not arrive can be sent again. In the demo (``DEMO``)
    only the demo channel exists: no real message may leave it.
    """
    if app.config.get("DEMO"):
        from portal.notices.demo import CHANNEL

        app.extensions[_EXTENSION] = Wiring(
            lambda district_id: (channels(district_id)[0], [CHANNEL]), address_of, language, kept_days
        )
        return
    app.extensions[_EXTENSION] = Wiring(channels, address_of, language, kept_days)


class NotSent(Exception):
    """The channel did not take the message now; the job's back-off tries again."""


@jobs.job(JOB, backoff=BACKOFF, timeout=timedelta(minutes=2))
def deliver(payload: Mapping[str, Any]) -> None:
    """Carry one message out, by the first channel that takes it."""
    row = _row(payload["delivery"])
    if row is None or row.state not in ("waiting", "sending"):
        return
    try:
        template = templates.get(row.template)
    except LookupError:  # its plugin is gone, and with it the words
        _end(row, "failed", reason="its plugin is gone")
        return
    if row.expires_at is not None and row.expires_at <= clock.now():
        _end(row, "expired")
        return
    if row.state == "sending":
        # The worker died between asking and hearing: nobody knows, so it is not sent again by itself.
        _end(row, "unknown", reason="the worker stopped while sending", keep=True)
        return
    if not template.urgent:
        awake = end_of_quiet(clock.now())
        if awake is not None:
            raise jobs.Postpone(awake)
    wiring: Wiring = current_app.extensions[_EXTENSION]
    address = _address(row, wiring)
    if address is None:
        _end(row, "failed", reason="no address")
        return
    district, offered = wiring.channels(row.district_id)
    way = "" if template.phone_only else chosen(row.account_id).get(template.kind, "")
    with wiring.language(address.language):
        message = _message(row, template, address)
    known = list(offered)
    for channel in in_order(usable(known), first=way):
        if channel.key not in row.tried and _ended(row, channel, message, district):
            return
    nothing = "no channel is set up" if known else "no channel"
    _end(row, "failed", reason=row.reason or nothing, keep=True)


def _ended(row: Delivery, channel: Channel, message: Message, district: DistrictRef | None) -> bool:
    """Try one channel; True when the message's fate is settled, False to go on with the next channel."""
    if channel.at_most_once and not _swap(row, "sending", channel=channel.key):
        return True  # somebody else is sending it
    try:
        outcome, _, reason = channel.send(message, district).partition(":")
    except Exception as error:
        # A channel must not raise; one that does leaves us not knowing.
        outcome, reason = "unknown", type(error).__name__
    reason = reason.strip()[:200]
    if outcome == "sent":
        _end(row, "sent", channel=channel.key)
        return True
    if outcome == "rejected":
        _swap(row, "waiting", channel=channel.key, tried=[*row.tried, channel.key], reason=reason)
        return False
    if outcome == "unknown" and channel.at_most_once:
        _end(row, "unknown", channel=channel.key, reason=reason, keep=True)
        return True
    _swap(row, "waiting", channel=channel.key, reason=reason)
    raise NotSent(f"{channel.key}: {outcome} {reason}")


def quiet_hours() -> tuple[time, time]:
    """Return from when to when, in Shanghai, nothing but codes goes out."""
    found: tuple[time, time] = current_app.config.get("NOTICES_QUIET", QUIET)
    return found


def end_of_quiet(now: datetime) -> datetime | None:
    """Return when the quiet hours end that ``now`` falls into, or None outside of them."""
    begin, end = quiet_hours()
    local = now.astimezone(clock.SHANGHAI)
    if begin > end:
        quiet = local.time() >= begin or local.time() < end
    else:
        quiet = begin <= local.time() < end
    if not quiet:
        return None
    awake = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)
    return awake if awake > local else awake + timedelta(days=1)


def _row(delivery_id: int) -> Delivery | None:
    found = session.execute(select(Delivery).where(Delivery.id == delivery_id)).scalar_one_or_none()
    if found is not None:
        session.expunge(found)
    session.rollback()  # no lock is held while the network is asked
    return found


def address_of(account_id: int) -> Address | None:
    """Return where a person's messages go, as identity knows it."""
    wiring: Wiring = current_app.extensions[_EXTENSION]
    return wiring.address_of(account_id)


def kept_days(district_id: int | None) -> int:
    """Return for how many days a district keeps what did not arrive."""
    wiring: Wiring = current_app.extensions[_EXTENSION]
    return wiring.kept_days(district_id)


def _address(row: Delivery, wiring: Wiring) -> Address | None:
    if row.phone_sealed is not None:
        return Address(phone=crypto.decrypt("notice_delivery.phone", row.uid, row.phone_sealed))
    found = wiring.address_of(row.account_id) if row.account_id is not None else None
    session.rollback()
    return found


def _message(row: Delivery, template: templates.Template, address: Address) -> Message:
    assert row.params_sealed is not None
    params = json.loads(crypto.decrypt("notice_delivery.params", row.uid, row.params_sealed))
    return Message(
        phone=address.phone,
        openid=address.openid,
        template=template.key,
        title=templates.fill(template.title, params),
        body=templates.fill(template.body, params),
        params={name: params[name] for name in template.placeholders()},
        url=row.url,
    )


def usable(channels: Iterable[Channel]) -> list[Channel]:
    """Return the channels that lack nothing here."""
    return [one for one in channels if not one.lacking]


def in_order(channels: Iterable[Channel], *, first: str = "") -> list[Channel]:
    """Sort channels as they are tried: the one a person chose, then by their own order."""
    return sorted(channels, key=lambda one: (one.key != first, one.order, one.key))


def _swap(row: Delivery, state: str, **values: Any) -> bool:
    with transaction():
        here = update(Delivery).where(Delivery.id == row.id, Delivery.state == row.state)
        done: Any = session.execute(here.values(state=state, **values))
    if done.rowcount:
        for name, value in {"state": state, **values}.items():
            setattr(row, name, value)
    return bool(done.rowcount)


def _end(row: Delivery, state: str, *, keep: bool = False, **values: Any) -> None:
    if not keep:
        values |= {"params_sealed": None, "phone_sealed": None}
    _swap(row, state, ended_at=clock.now(), **values)
