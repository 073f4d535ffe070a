"""Persons and their record in one district: member, affiliation, office, status, requests.

Every column that holds something about a person carries its data class in ``info["class"]``
(0 public … 4 most sensitive; domain.md §9.1); a test refuses a column without one.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Json, Model, UtcDateTime, Versioned
from portal.words import lazy_gettext as _

STAGES = ("applicant", "activist", "candidate", "probationary", "full")
#: Stages that are membership; the others are persons on the way, not members (field.md F03).
MEMBER_STAGES = ("probationary", "full")
STATES = ("normal", "suspended", "left")
#: States of a record that has not ended.
OPEN_STATES = ("normal", "suspended")
EXIT_TYPES = (
    "expelled",
    "withdrew",
    "persuaded",
    "struck_off",
    "self_withdrawn",
    "probation_cancelled",
    "not_recognised",
    "transferred_out",
    "deceased",
    "settled_abroad",
)
AFFILIATION_KINDS = ("formal", "floating", "temporary")
OFFICES = (
    "secretary",
    "deputy_secretary",
    "org_officer",
    "publicity_officer",
    "discipline_officer",
    "group_leader",
)


class Person(Model):
    """One human being across districts: the blind index of the national id, nothing more."""

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    ric_index: Mapped[str | None] = mapped_column(String(64), unique=True, info={"class": 3})


class Member(Versioned, DistrictScoped, Model):
    """A person's record in ONE district. A transfer elsewhere closes it and opens the next one there.

    Phone, landline and address are sealed (``portal.crypto``, AAD ``member.<column>:<uid>``); of the
    national id only the blind index (``person``) and the last four characters are kept by default.
    """

    __tablename__ = "member"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str] = mapped_column(String(40), info={"class": 2})
    sort_key: Mapped[str] = mapped_column(String(160), default="", server_default="", info={"class": 2})
    initials: Mapped[str] = mapped_column(String(40), default="", server_default="", info={"class": 2})
    sex: Mapped[str] = mapped_column(String(1), default="9", info={"class": 2})
    birth_date: Mapped[date | None] = mapped_column(info={"class": 2})
    nation: Mapped[str] = mapped_column(String(2), default="", info={"class": 2})
    education: Mapped[str] = mapped_column(String(2), default="", info={"class": 2})
    phone_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})
    phone_index: Mapped[str | None] = mapped_column(String(64), info={"class": 2})
    phone_tail: Mapped[str] = mapped_column(String(4), default="", server_default="", info={"class": 2})
    landline_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})
    address_sealed: Mapped[bytes | None] = mapped_column(info={"class": 2})
    ric_tail: Mapped[str] = mapped_column(String(4), default="", server_default="", info={"class": 3})
    ric_sealed: Mapped[bytes | None] = mapped_column(info={"class": 3})
    stage: Mapped[str] = mapped_column(String(16), info={"class": 2})
    state: Mapped[str] = mapped_column(
        String(16), default="normal", server_default="normal", info={"class": 2}
    )
    exit_type: Mapped[str | None] = mapped_column(String(24), info={"class": 3})
    joined_on: Mapped[date | None] = mapped_column(info={"class": 2})
    full_on: Mapped[date | None] = mapped_column(info={"class": 2})
    post: Mapped[str] = mapped_column(String(60), default="", info={"class": 2})
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True, info={"class": 2})
    organization_id: Mapped[int | None] = mapped_column(
        ForeignKey("organization.id"), index=True, info={"class": 2}
    )
    lost_contact: Mapped[bool] = mapped_column(default=False, server_default="0", info={"class": 3})
    lost_contact_on: Mapped[date | None] = mapped_column(info={"class": 3})
    floating: Mapped[bool] = mapped_column(default=False, server_default="0", info={"class": 2})
    floating_to: Mapped[str] = mapped_column(String(120), default="", info={"class": 2})
    remark: Mapped[str] = mapped_column(String(300), default="", info={"class": 3})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    closed_on: Mapped[date | None] = mapped_column(info={"class": 2})

    __table_args__ = (
        CheckConstraint("stage in (" + ",".join(f"'{s}'" for s in STAGES) + ")", name="stage"),
        CheckConstraint("state in (" + ",".join(f"'{s}'" for s in STATES) + ")", name="state"),
        # One open record of a person per district; closed ones stay as the district's past.
        Index(
            "uq_member_open",
            "district_id",
            "person_id",
            unique=True,
            sqlite_where=text("closed_on is null"),
            postgresql_where=text("closed_on is null"),
        ),
        Index("ix_member_district_id_sort_key", "district_id", "sort_key", "id"),
        Index("ix_member_district_id_phone_index", "district_id", "phone_index"),
        # Logging in asks across districts whose number it is.
        Index("ix_member_phone_index", "phone_index"),
        Index("ix_member_district_id_organization_id", "district_id", "organization_id", "sort_key", "id"),
        {"info": {"label": _("登记")}},
    )


class Affiliation(DistrictScoped, Model):
    """Which branch a member belonged to, from when to when. Never updated but to be ended or voided.

    ``member.organization_id`` mirrors today's open formal row, kept by the same verb.
    """

    __tablename__ = "affiliation"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16), info={"class": 2})
    valid_from: Mapped[date] = mapped_column(info={"class": 2})
    valid_to: Mapped[date | None] = mapped_column(info={"class": 2})
    end_reason: Mapped[str] = mapped_column(String(40), default="", info={"class": 2})
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("affiliation.id"))
    void: Mapped[bool] = mapped_column(default=False, server_default="0", info={"class": 1})

    __table_args__ = (
        CheckConstraint("valid_to is null or valid_to >= valid_from", name="dates"),
        CheckConstraint("kind in ('formal','floating','temporary')", name="kind"),
        Index(
            "uq_affiliation_open_formal",
            "member_id",
            unique=True,
            sqlite_where=text("kind = 'formal' and valid_to is null and not void"),
            postgresql_where=text("kind = 'formal' and valid_to is null and not void"),
        ),
        Index("ix_affiliation_by_member", "district_id", "member_id"),
        {"info": {"label": _("党支部归属")}},
    )


class Office(DistrictScoped, Model):
    """An office a member holds in an organization, for a term."""

    __tablename__ = "office"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    role: Mapped[str] = mapped_column(String(24), info={"class": 1})
    term_no: Mapped[int | None] = mapped_column(info={"class": 1})
    valid_from: Mapped[date] = mapped_column(info={"class": 1})
    valid_to: Mapped[date | None] = mapped_column(info={"class": 1})

    __table_args__ = (
        Index("ix_office_by_organization", "district_id", "organization_id"),
        {"info": {"label": _("任职")}},
    )


class StatusEvent(DistrictScoped, Model):
    """A change of stage or membership state with date, document and who wrote it down."""

    __tablename__ = "status_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16), info={"class": 2})
    value: Mapped[str] = mapped_column(String(24), info={"class": 2})
    on_day: Mapped[date] = mapped_column(info={"class": 2})
    document: Mapped[str] = mapped_column(String(120), default="", info={"class": 2})
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})

    __table_args__ = (
        Index("ix_status_event_by_member", "district_id", "member_id"),
        {"info": {"label": _("发展和党籍的变动")}},
    )


class Request(Versioned, DistrictScoped, Model):
    """Something somebody must answer: who asks, what, who may answer, by when. Each step is a row."""

    __tablename__ = "request"

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(24), unique=True)
    kind: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(16), default="open", server_default="open")
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), index=True)
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    # The permission whoever answers must hold at the organization (or the district).
    answer_permission: Mapped[str] = mapped_column(String(64), info={"class": 0})
    subject: Mapped[str] = mapped_column(String(160), info={"class": 2})
    payload: Mapped[dict[str, Any]] = mapped_column(Json, default=dict, info={"class": 2})
    due_on: Mapped[date | None] = mapped_column(info={"class": 1})
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("state in ('open','accepted','refused','withdrawn')", name="state"),
        Index("ix_request_open", "district_id", "state", "organization_id"),
        Index("ix_request_by_member", "district_id", "member_id"),
        {"info": {"label": _("申请")}},
    )


class RequestStep(DistrictScoped, Model):
    """One step in the life of a request; what the asker's timeline shows."""

    __tablename__ = "request_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("request.id"))
    number: Mapped[int]
    action: Mapped[str] = mapped_column(String(24))
    note: Mapped[str] = mapped_column(String(300), default="", info={"class": 2})
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("request_id", "number"),
        Index("ix_request_step_by_request", "district_id", "request_id"),
    )


class MemberMerge(Versioned, DistrictScoped, Model):
    """Two records that became one: ``kept_id`` goes on, ``absorbed_id`` was closed. Undone or not, it stays.

    ``journal_sealed`` holds what was moved and what stood there before (portal/members/journal.py); it is
    emptied when it is of no use any more.
    """

    __tablename__ = "member_merge"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(26), unique=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    absorbed_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    state: Mapped[str] = mapped_column(String(8), default="merged", server_default="merged")
    reason: Mapped[str] = mapped_column(String(200), info={"class": 2})
    merged_at: Mapped[datetime] = mapped_column(UtcDateTime, info={"class": 1})
    merged_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    journal_sealed: Mapped[bytes | None] = mapped_column(info={"class": 3})
    undo_reason: Mapped[str] = mapped_column(String(200), default="", server_default="", info={"class": 2})
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime, info={"class": 1})
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (
        CheckConstraint("state in ('merged','undone')", name="state"),
        CheckConstraint("kept_id <> absorbed_id", name="two_records"),
        CheckConstraint("(state = 'undone') = (undone_at is not null)", name="undone"),
        Index("ix_member_merge_newest", "district_id", "merged_at", "id"),
        # A record that has ended is absorbed once; again only after that was undone.
        Index(
            "uq_member_merge_absorbed",
            "absorbed_id",
            unique=True,
            sqlite_where=text("state = 'merged'"),
            postgresql_where=text("state = 'merged'"),
        ),
    )
