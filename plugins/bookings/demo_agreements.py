"""The agreements on the demo's shared venues: most in force, some soon over, some not signed yet."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from portal.api import DistrictRef, clock, crypto, session

from .demo_people import People
from .models import BookingsAgreement

_COSTS = ("不收费。", "不收费，水电由场地单位承担。", "场地不收费，空调费按次结算，每次20元。")
_INSURANCE = ("场地单位已投公众责任险。", "由党群服务中心统一投保。", "")
_CLAUSES = "用完恢复原样，带走垃圾；损坏照价赔偿；有安全隐患马上停用并告诉对方。"
_HOURS = (
    (),
    (),
    ({"kind": "work", "opens": 1080, "closes": 1260},),
    ({"kind": "off", "opens": 540, "closes": 1020},),
)
_GROUPS = (
    ["organizations", "members", "residents"],
    ["organizations", "members"],
    ["organizations"],
    ["members", "residents"],
)


def write(district: DistrictRef, venues: Sequence[Any], people: People, dice: random.Random) -> None:
    """Write an agreement for each venue; of twenty fifteen are in force."""
    signers = _signers(people)
    made = []
    for number, venue in enumerate(venues):
        state = _state(number % 20) if signers else "draft"
        a, b = signers.get(venue.owner_id) or signers.get(None) or (None, None)
        made.append(_one(district, venue, state, number, dice, a, b))
    if made:
        session.execute(insert(BookingsAgreement), made)


def _signers(people: People) -> dict[int | None, tuple[int, int]]:
    """Return who signed for A and for B, by owner: two persons, whoever is known."""
    staff = people.desk
    known: list[int] = [*(account for account, _place in people.secretaries), *staff]
    if not staff or len(set(known)) < 2:
        return {}
    b = staff[-1]
    found: dict[int | None, tuple[int, int]] = {
        place: (account, b) for account, place in people.secretaries if account != b
    }
    found[None] = (next(one for one in known if one != b), b)
    return found


def _state(number: int) -> str:
    return {3: "draft", 8: "draft", 11: "signed_a", 14: "ended", 17: "suspended"}.get(number, "active")


def _one(
    district: DistrictRef,
    venue: Any,
    state: str,
    number: int,
    dice: random.Random,
    a: int | None,
    b: int | None,
) -> dict[str, Any]:
    today = clock.today()
    since = today - timedelta(days=200 + dice.randrange(300))
    until = None if number % 4 == 0 else today + timedelta(days=18 if number % 12 == 1 else 300)
    if state == "ended":
        until = today - timedelta(days=10 + dice.randrange(60))
    at = datetime(since.year, since.month, since.day, 10, tzinfo=clock.SHANGHAI)
    signed_a = state != "draft"
    signed_b = state not in ("draft", "signed_a")
    return {
        "district_id": district.id,
        "uid": crypto.new_uid(),
        "venue_id": venue.id,
        "party_a_id": venue.owner_id,
        "party_b_id": None,
        "party_b_name": f"{district.name}党群服务中心",
        "valid_from": since if signed_b else today + timedelta(days=7),
        "valid_to": until if signed_b or until is None else today + timedelta(days=372),
        "hours": [dict(window) for window in _HOURS[number % len(_HOURS)]],
        "groups": _GROUPS[number // 4 % len(_GROUPS)],
        "named_ids": [],
        "cost": dice.choice(_COSTS),
        "insurance": dice.choice(_INSURANCE),
        "clauses": _CLAUSES,
        "state": state,
        "reason": {"ended": "到期", "suspended": "场地装修，完工后恢复"}.get(state, ""),
        "made_by": b,
        "signed_a_by": a if signed_a else None,
        "signed_a_at": at if signed_a else None,
        "signed_b_by": b if signed_b else None,
        "signed_b_at": at if signed_b else None,
        "version": 1,
    }
