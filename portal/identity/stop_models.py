"""Accounts that were disabled: why, by whom, and who let them in again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime, Versioned


class AccountStop(Versioned, Model):
    """One time an account was disabled; the row stays when the account is back.

    ``stopped`` by one person at once; ``asked``: one wants it back, and its roles need a second person;
    ``lifted``. An account has one row that is not lifted at most.
    """

    __tablename__ = "account_stop"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    #: Where it was done; None is the command line, and only the command line takes that back.
    stopped_in_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"), index=True)
    stopped_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    stopped_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200), info={"class": 2})
    state: Mapped[str] = mapped_column(String(8), default="stopped", server_default="stopped")
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: Why it may come back; the last refusal's words where the second person did not agree.
    asked_reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    refused_reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    #: The password goes: whoever had it would have it again.
    drop_password: Mapped[bool] = mapped_column(default=False, server_default="0", info={"class": 1})
    #: Roles were held when it came back.
    needs_two: Mapped[bool] = mapped_column(default=True, server_default="1")
    lifted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    lifted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    #: ``page``, or ``command``: the deployer's own hand, which is one person.
    lifted_how: Mapped[str] = mapped_column(String(8), default="", server_default="")

    __table_args__ = (
        CheckConstraint("state in ('stopped','asked','lifted')", name="state"),
        CheckConstraint(
            "(stopped_by is null or stopped_by <> account_id)"
            " and (asked_by is null or asked_by <> account_id)"
            " and (lifted_by is null or lifted_by <> account_id)",
            name="not_oneself",
        ),
        CheckConstraint(
            "state <> 'lifted' or not needs_two or lifted_how = 'command'"
            " or (asked_by is not null and lifted_by is not null and asked_by <> lifted_by)",
            name="two_persons",
        ),
        Index(
            "uq_account_stop_open",
            "account_id",
            unique=True,
            sqlite_where=text("state <> 'lifted'"),
            postgresql_where=text("state <> 'lifted'"),
        ),
    )
