"""Somebody acts for a member: a relative or a fellow member, for named purposes, as the branch consented.

Source: 中组发〔2008〕3号: in special cases dues are handed in through relatives or other members, with the
branch's consent (domain.md §1.5); a relative need not be a member.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Json, Model, UtcDateTime, Versioned
from portal.words import lazy_gettext as _

RELATIONS = ("child", "spouse", "parent", "sibling", "relative", "member")
#: How somebody said yes: here, or to the branch, which wrote it down.
HOW = ("portal", "in_person", "phone", "paper")
#: How the branch says yes: at a meeting, or the secretary alone to somebody present, on the phone, on paper.
CONSENT_HOW = ("meeting", "in_person", "phone", "paper")
STATES = ("asked", "agreed", "active", "refused", "withdrawn", "ended")
OPEN = ("asked", "agreed", "active")
#: Why a delegation ended by itself, or who ended it.
END_WHY = (
    "helper",
    "member",
    "branch",
    "date",
    "left",
    "moved",
    "account",
    "merged",
    "erased",
    "unanswered",
)
_OPEN_SQL = "state in ('asked','agreed','active')"


class Delegation(Versioned, DistrictScoped, Model):
    """A helper's account may act for one member, for ``purposes``, on days ``valid_from <= day < valid_to``.

    ``relation`` is what the helper is to the member; ``organization_id`` the branch that consents: in another
    one the consent is worth nothing. Nobody learns by asking whether a name is registered: what matched
    nobody is kept without ``member_id``, looks the same to who asked, and ends the same way. ``label`` is the
    name as the helper reads it, ``asked_index`` a blind index of what was typed.
    """

    __tablename__ = "delegation"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    label: Mapped[str] = mapped_column(String(40), info={"class": 2})
    asked_index: Mapped[str] = mapped_column(String(64), info={"class": 3})
    relation: Mapped[str] = mapped_column(String(12), info={"class": 2})
    purposes: Mapped[list[str]] = mapped_column(Json, info={"class": 2})
    state: Mapped[str] = mapped_column(String(12), default="asked", server_default="asked")
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    agreed_how: Mapped[str] = mapped_column(String(12), default="", server_default="", info={"class": 1})
    agreed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consented_how: Mapped[str] = mapped_column(String(12), default="", server_default="", info={"class": 1})
    consented_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    consented_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    valid_from: Mapped[date | None] = mapped_column(info={"class": 1})
    valid_to: Mapped[date | None] = mapped_column(info={"class": 1})
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    end_why: Mapped[str] = mapped_column(String(12), default="", server_default="", info={"class": 2})
    end_reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})

    __table_args__ = (
        CheckConstraint("state in (" + ",".join(f"'{s}'" for s in STATES) + ")", name="state"),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="dates"),
        # Nobody acts without a member who agreed and a branch that consented, both on record.
        CheckConstraint(
            "state <> 'active' or (member_id is not null and organization_id is not null"
            " and agreed_at is not null and consented_at is not null and valid_from is not null)",
            name="consent",
        ),
        CheckConstraint("(ended_at is null) = (" + _OPEN_SQL + ")", name="ended"),
        # Who records the consent is not the one who will act.
        CheckConstraint("consented_by is null or consented_by <> account_id", name="four_eyes"),
        Index(
            "uq_delegation_open",
            "member_id",
            "account_id",
            unique=True,
            sqlite_where=text(f"member_id is not null and {_OPEN_SQL}"),
            postgresql_where=text(f"member_id is not null and {_OPEN_SQL}"),
        ),
        Index(
            "uq_delegation_asked",
            "district_id",
            "account_id",
            "asked_index",
            unique=True,
            sqlite_where=text(_OPEN_SQL),
            postgresql_where=text(_OPEN_SQL),
        ),
        Index("ix_delegation_by_member", "district_id", "member_id"),
        Index("ix_delegation_by_branch", "district_id", "organization_id", "id"),
        {"info": {"label": _("请人代办")}},
    )


class DelegationAct(DistrictScoped, Model):
    """What a helper did: the purpose's own ``reference`` (a payment's name), written with the act itself."""

    __tablename__ = "delegation_act"

    id: Mapped[int] = mapped_column(primary_key=True)
    delegation_id: Mapped[int] = mapped_column(ForeignKey("delegation.id"))
    purpose: Mapped[str] = mapped_column(String(40), info={"class": 1})
    reference: Mapped[str] = mapped_column(String(40), info={"class": 2})
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("purpose", "reference"),
        Index("ix_delegation_act_newest", "district_id", "delegation_id", "id"),
    )
