"""Invented wishes for the demo."""

from __future__ import annotations

from sqlalchemy import select

from portal.api import DistrictRef, Member, clock, session

from .models import WallWish

TEXTS = ("想学用手机挂号", "楼道的灯坏了，晚上看不清", "想找人一起打乒乓球")


def register(district: DistrictRef, seed: int) -> None:
    """Let the first members of a demo district wish something."""
    for text, member_id in zip(TEXTS, session.scalars(select(Member.id).order_by(Member.id)), strict=False):
        wish = WallWish(district_id=district.id, member_id=member_id, text=text, written_at=clock.now())
        session.add(wish)
    session.flush()
