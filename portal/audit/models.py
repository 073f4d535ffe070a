"""The audit trail and its seals; the database itself refuses to change either."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Json, Model, UtcDateTime, append_only


class AuditRow(Model):
    """One act. Holds ids only: no names, numbers or texts of a person.

    Not district-scoped: an act of the installation belongs to no district. ``queries`` adds the scope.
    ``mac`` covers the whole row, so a row written around the portal is told from a real one.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_district_id_subject", "district_id", "subject_type", "subject_id"),
        Index("ix_audit_district_id_id", "district_id", "id"),
        {"info": {"append": "whoever logs in is in no district yet, and it is on record"}},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    district_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    action: Mapped[str] = mapped_column(String(80))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(40))
    detail: Mapped[dict[str, Any]] = mapped_column(Json)
    request_id: Mapped[str | None] = mapped_column(String(40))
    mac: Mapped[str] = mapped_column(String(64))


class AuditSeal(Model):
    """A link of a chain: ``digest`` is made of the one before it, its own place, and the row's mac.

    ``chain`` is the district's id, 0 for the installation. No foreign key to the row: a seal must outlive it
    to tell that it is gone.
    """

    __tablename__ = "audit_seal"
    __table_args__ = (UniqueConstraint("chain", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    chain: Mapped[int]
    number: Mapped[int]
    audit_uid: Mapped[str] = mapped_column(String(26), unique=True)
    audit_mac: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


append_only(AuditRow.__table__)
append_only(AuditSeal.__table__)
