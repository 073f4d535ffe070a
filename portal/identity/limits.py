"""How often something may be tried: per number, per address, per known device, over sliding windows.

A stranger must not be able to lock somebody out: what counts for a number alone is generous and spared for
devices on which that number logged in before; the tight limits are for a number *at an address*.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, func, insert, select

from portal import clock, crypto
from portal.database import is_postgresql, session, transaction
from portal.identity.login_models import LoginEvent
from portal.jobs import job

log = logging.getLogger(__name__)

MINUTE, HOUR, DAY = 60, 3600, 86400
KEPT = timedelta(days=2)


@dataclass(frozen=True)
class Rule:
    """At most ``windows`` = (count, seconds) events of ``kind`` for one value."""

    kind: str
    value: str
    windows: tuple[tuple[int, int], ...]

    @property
    def key(self) -> str:
        """Return what the table keeps instead of the number or address."""
        return crypto.mac("login.limit", f"{self.kind}:{self.value}".encode())


class TooOften(Exception):
    """A limit is reached, of which ``kind``; ``wait`` seconds from now it is free again."""

    def __init__(self, wait: int, kind: str = "") -> None:
        super().__init__(wait)
        self.wait, self.kind = wait, kind


def take(*rules: Rule) -> None:
    """Count one event under every rule, or count none and raise TooOften."""
    now = clock.now()
    with transaction() as current:
        for rule in sorted(rules, key=lambda rule: rule.key):
            if is_postgresql():
                # Two at once must not both be the last one; SQLite's one write lock says the same.
                current.execute(select(func.pg_advisory_xact_lock(func.hashtext(rule.key))))
            _refuse_if_full(rule)
        current.execute(insert(LoginEvent), [{"key": rule.key, "at": now} for rule in rules])


def count(*rules: Rule) -> None:
    """Count one event under every rule, full or not: a wrong try that was let through."""
    where = next((rule.value for rule in rules if rule.kind.endswith(".address")), "?")
    # At which door and from where; whose name was typed is nobody's business (ASVS 16.3.1).
    log.warning("wrong try: %s, from %s", rules[0].kind.split(".")[0], where)
    with transaction() as current:
        current.execute(insert(LoginEvent), [{"key": rule.key, "at": clock.now()} for rule in rules])


def check(*rules: Rule) -> None:
    """Raise TooOften when a limit is reached; count nothing."""
    for rule in rules:
        _refuse_if_full(rule)


def _refuse_if_full(rule: Rule) -> None:
    now = clock.now()
    for count, seconds in rule.windows:
        since = now - timedelta(seconds=seconds)
        inside = (
            select(LoginEvent.at)
            .where(LoginEvent.key == rule.key, LoginEvent.at > since, LoginEvent.at < now + clock.ASTRAY)
            .order_by(LoginEvent.at.desc())
            .offset(count - 1)
            .limit(1)
        )
        oldest = session.execute(inside).scalar()
        if oldest is not None:
            log.warning("limit reached: %s", rule.kind)
            raise TooOften(max(1, int((oldest - since).total_seconds()) + 1), rule.kind)


def network(address: str | None) -> str:
    """Return an address as one customer has it: IPv4 whole, IPv6 by its /64."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "?"
    if found.version == 6:
        return str(ipaddress.ip_network(f"{found}/64", strict=False).network_address)
    return str(found)


def asking(phone_index: str, address: str, device: str | None) -> tuple[Rule, ...]:
    """Return the limits of asking for a code: 1 a minute, 10 a day unless the installation says otherwise.

    One address gets half of a number's day, so that it takes two strangers to use it up.
    """
    a_minute, a_day = current_app.config["CODES_A_MINUTE"], current_app.config["CODES_A_DAY"]
    if device is not None:
        return (Rule("code.device", device, ((a_minute, MINUTE), (a_day, DAY))),)
    return (
        Rule("code.here", f"{phone_index}@{address}", ((a_minute, MINUTE), (max(1, a_day // 2), DAY))),
        Rule("code.number", phone_index, ((a_day, DAY),)),
        Rule("code.address", address, ((6 * a_day, HOUR),)),
    )


#: The rule of a whole district: what opening accounts may cost it in text messages a day.
JOIN_DISTRICT = "join.district"


def joining(
    phone_index: str, address: str, device: str | None, *, home_id: int, a_day: int
) -> tuple[Rule, ...]:
    """Return the limits of asking for a code that is sent to a number nobody knows yet.

    They stand beside those of ``asking``, whose day counts both, and are tighter: nobody's telephone is
    rung by strangers more than five times a day, and a district pays for ``a_day`` messages at most. The
    minute is its own, for who tried to log in first and heard nothing.
    """
    own = tuple(
        Rule(rule.kind, rule.value, rule.windows[1:] if rule.kind in _BY_MINUTE else rule.windows)
        for rule in asking(phone_index, address, device)
    )
    a_minute = current_app.config["CODES_A_MINUTE"]
    return (
        *own,
        Rule("join.number", phone_index, ((a_minute, MINUTE), (5, DAY))),
        Rule("join.address", address, ((10, HOUR), (40, DAY))),
        Rule(JOIN_DISTRICT, str(home_id), ((a_day, DAY),)),
    )


_BY_MINUTE = frozenset({"code.here", "code.device"})


def guessing(what: str, value: str, address: str, *, device: str | None = None) -> tuple[Rule, ...]:
    """Return the limits of wrong tries (a password, a paper code, somebody's name).

    The tries of all addresses together are limited too: many addresses guess no faster than a few. Only
    ``device``, on which this person logged in before, is spared that, so that no stranger locks them out.
    """
    rules: tuple[Rule, ...] = (Rule(f"{what}.address", address, ((60, HOUR),)),)
    if device is not None:
        return (Rule(f"{what}.device", f"{value}@{device}", ((10, 15 * MINUTE),)), *rules)
    if value:
        rules = (Rule(f"{what}.all", value, ((30, HOUR), (100, DAY))), *rules)
    return (Rule(f"{what}.here", f"{value}@{address}", ((10, 15 * MINUTE),)), *rules)


@job("identity.forget_events", daily=time(3, 40))
def _forget(payload: Mapping[str, Any]) -> None:
    with transaction():
        session.execute(delete(LoginEvent).where(LoginEvent.at < clock.now() - KEPT))
