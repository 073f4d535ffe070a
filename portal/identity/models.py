"""Accounts, server-side sessions, role grants and per-district permission overrides."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Json, Model, UtcDateTime, Versioned

#: Roles the core ships; plugins add their own.
ROLES = (
    "resident",
    "member",
    "dues_collector",
    "secretary",
    "desk",
    "registrar",
    "treasurer",
    "district_admin",
    "auditor",
    "deployer",
)
#: Roles held at an organization; the others are held at a district.
BRANCH_ROLES = frozenset({"dues_collector", "secretary"})
#: Everyone above a plain member: shorter idle time, one session at a time.
STAFF_ROLES = frozenset(ROLES) - {"resident", "member"}
#: Whoever holds one of these needs a second factor that is not the phone number (architecture.md §8).
DISTRICT_ROLES = STAFF_ROLES - BRANCH_ROLES
#: What ``login_session.factor`` may say of such a proof.
STRONG_FACTORS = frozenset({"totp", "passkey", "recovery"})


class Account(Versioned, Model):
    """A login. It belongs to a person, or to nobody yet (a resident who books a room).

    Several accounts may share one phone number (a couple with one phone).
    """

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), info={"class": 2})
    display_name: Mapped[str] = mapped_column(String(40), default="", info={"class": 2})
    phone_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})
    phone_index: Mapped[str | None] = mapped_column(String(64), index=True, info={"class": 2})
    username: Mapped[str | None] = mapped_column(String(64), unique=True, info={"class": 1})
    password_hash: Mapped[str | None] = mapped_column(String(200), info={"class": 4})
    openid: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, info={"class": 3})
    elder: Mapped[bool] = mapped_column(default=False, server_default="0", info={"class": 1})
    language: Mapped[str] = mapped_column(String(8), default="zh", server_default="zh", info={"class": 0})
    #: Marks of the notices this account answered (``portal.identity.notice``), for the query of the gate.
    agreed: Mapped[list[str]] = mapped_column(Json, default=list, server_default="[]", info={"class": 2})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    #: Where a resident opened it: whose desk, channels and notices it has while nothing else says so.
    home_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"), info={"class": 1})

    __table_args__ = (
        Index(
            "uq_account_person_id",
            "person_id",
            unique=True,
            sqlite_where=text("person_id is not null"),
            postgresql_where=text("person_id is not null"),
        ),
    )


class LoginSession(Model):
    """A server-side login session; the cookie holds a random token, the table its SHA-256."""

    __tablename__ = "login_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, info={"class": 4})
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    second_factor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: What was proven then: phone, totp, passkey, recovery; empty for a password alone.
    factor: Mapped[str] = mapped_column(String(8), default="", server_default="", info={"class": 1})
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_why: Mapped[str] = mapped_column(String(20), default="", server_default="")
    #: Words of ``portal.identity.whereabouts``, not the browser's own line.
    device: Mapped[str] = mapped_column(String(80), default="", server_default="", info={"class": 1})
    #: Only the beginning of the address: enough to be known again, too little to be found by.
    place: Mapped[str] = mapped_column(String(40), default="", server_default="", info={"class": 2})
    data: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class Grant(DistrictScoped, Model):
    """A role of an account at a district (and its subtree) or at an organization, with dates.

    Half-open: valid on days ``valid_from <= day < valid_to``. A future grant gives nothing today.
    """

    __tablename__ = "role_grant"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The second person of a role of the whole district that was given on a page.
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})

    __table_args__ = (
        CheckConstraint("valid_to is null or valid_to > valid_from", name="dates"),
        Index(None, "district_id"),
    )


class RoleRequest(Versioned, DistrictScoped, Model):
    """A role of the whole district that one person asked for and another one gives (four eyes)."""

    __tablename__ = "role_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(32))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(200), info={"class": 2})
    state: Mapped[str] = mapped_column(String(10), default="waiting", server_default="waiting")
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("state in ('waiting','given','refused','withdrawn')", name="state"),
        CheckConstraint("valid_to is null or valid_to > valid_from", name="dates"),
        CheckConstraint("asked_by <> account_id", name="not_for_oneself"),
        CheckConstraint("state <> 'given' or answered_by <> asked_by", name="two_persons"),
        Index("ix_role_request_state", "district_id", "state", "id"),
    )


class RolePermission(DistrictScoped, Model):
    """A district's override of what a role may do."""

    __tablename__ = "role_permission"

    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(32))
    permission: Mapped[str] = mapped_column(String(64))
    allowed: Mapped[bool]

    __table_args__ = (UniqueConstraint("district_id", "role", "permission"),)
