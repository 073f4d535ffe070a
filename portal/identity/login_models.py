"""What logging in needs to remember: codes, tries, paper codes, and forms that outlive a session."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime


class LoginCode(Model):
    """A one-time code asked for by one browser. A row is written for unknown numbers too.

    ``bind_hash`` is what only the asking browser can show. The code is kept as a keyed hash; sealed, it lives
    until the job has handed it to the channel.
    """

    __tablename__ = "login_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    bind_hash: Mapped[str] = mapped_column(String(64), info={"class": 4})
    purpose: Mapped[str] = mapped_column(String(8))
    # Only for the second factor: the account whose password was right.
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    phone_index: Mapped[str] = mapped_column(String(64), info={"class": 2})
    phone_sealed: Mapped[bytes] = mapped_column(info={"class": 2})
    code_hash: Mapped[str] = mapped_column(String(64), info={"class": 4})
    code_sealed: Mapped[bytes | None] = mapped_column(info={"class": 4})
    tries: Mapped[int] = mapped_column(default=0, info={"class": 1})
    claims: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Only of a code that may open an account: by what name, and in which district.
    name_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})
    home_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))


class LoginEvent(Model):
    """One counted event of one number, address or device (keyed hash)."""

    __tablename__ = "login_event"
    __table_args__ = (Index("ix_login_event_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), info={"class": 2})
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class PaperCode(Model):
    """A first-login code on paper, made after somebody looked at the identity card."""

    __tablename__ = "paper_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), unique=True, info={"class": 4})
    district_id: Mapped[int] = mapped_column(ForeignKey("district.id"), index=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    issued_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    tries: Mapped[int] = mapped_column(default=0, info={"class": 1})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KeptForm(Model):
    """A form that arrived after its session had ended, for the same account to send again (ux.md row 21)."""

    __tablename__ = "kept_form"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True, info={"class": 4})
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    path: Mapped[str] = mapped_column(String(500), info={"class": 1})
    body_sealed: Mapped[bytes] = mapped_column(info={"class": 4})
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
