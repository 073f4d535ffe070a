"""Remind people of open months: a notice once a month, or a word in person that is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from werkzeug.exceptions import Forbidden

from portal.api import Account, Actor, DistrictRef, Member, audit, clock, is_postgresql, transaction

from ..messages import months_open
from ..models import DuesReminder
from ..queries import arrears
from .places import path_of


@dataclass(frozen=True, kw_only=True)
class Reminded:
    """What became of a reminder: told now, told before in this month, without an account."""

    told: int
    before: int
    without_account: int


def remind(
    *, district: DistrictRef, organization_id: int, member_ids: Sequence[int], way: str, actor: Actor
) -> Reminded:
    """Remind the chosen members of a branch who still owe a month; anybody else is left alone.

    ``way``: "notice" leaves after the commit, "word" only writes down that it was said. Nobody is reminded
    twice in a month in the same way. Raises ``Forbidden`` outside of the own branches.
    """
    if not actor.can("dues.collect", path_of(organization_id)):
        raise Forbidden("dues.collect")
    wanted = set(member_ids)
    told = before = without = 0
    with transaction() as current:
        people = [one for one in arrears.owing(organization_id) if one.member_id in wanted]
        accounts = {
            member_id: account_id
            for member_id, account_id in current.execute(
                select(Member.id, Account.id)
                .join(Account, Account.person_id == Member.person_id)
                .where(Member.id.in_([one.member_id for one in people]))
            )
        }
        for one in people:
            if way == "notice" and one.member_id not in accounts:
                without += 1
            elif not _write(current, one.member_id, district, organization_id, way, actor):
                before += 1
            else:
                told += 1
                if way == "notice":
                    months_open(
                        one.months,
                        member_id=one.member_id,
                        account_id=accounts[one.member_id],
                        district=district,
                    )
        audit.record(
            f"dues.remind.{way}",
            ("organization", organization_id),
            actor=actor,
            district=district,
            detail={"told": told, "before": before, "without_account": without},
        )
    return Reminded(told=told, before=before, without_account=without)


def _write(
    current: Any, member_id: int, district: DistrictRef, organization_id: int, way: str, actor: Actor
) -> bool:
    dialect = postgresql if is_postgresql() else sqlite
    row = dialect.insert(DuesReminder).values(
        district_id=district.id,
        member_id=member_id,
        organization_id=organization_id,
        month=clock.month(),
        way=way,
        reminded_by=actor.account_id,
        at=clock.now(),
    )
    written = row.on_conflict_do_nothing(index_elements=["member_id", "month", "way"]).returning(
        DuesReminder.id
    )
    return current.execute(written).first() is not None
