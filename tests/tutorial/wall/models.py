"""The one table: a wish and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.api import DistrictScoped, Model, UtcDateTime, Versioned
from portal.api import lazy_gettext as _l

LONGEST = 200


class WallWish(Versioned, DistrictScoped, Model):
    """A member's wish: open, granted by the staff with an answer, or closed because its time was over."""

    __tablename__ = "wall_wish"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    text: Mapped[str] = mapped_column(String(LONGEST), info={"class": 2})
    state: Mapped[str] = mapped_column(String(8), default="open", server_default="open")
    answer: Mapped[str] = mapped_column(String(LONGEST), default="", server_default="", info={"class": 2})
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("state in ('open','granted','closed')", name="state"),
        CheckConstraint("text <> ''", name="text"),
        Index("ix_wall_wish_newest", "district_id", "state", "id"),
        Index("ix_wall_wish_by_member", "district_id", "member_id"),
        {"info": {"label": _l("心愿")}},
    )
