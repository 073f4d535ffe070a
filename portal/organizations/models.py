"""Party organizations, the units where people work, who covers whom, and the places between them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Json, Model, Versioned

#: Kinds of organization and the kinds each may have below it (domain.md §2.1, §11).
CHILD_KINDS: dict[str, tuple[str, ...]] = {
    "work_committee": (
        "committee",
        "umbrella_committee",
        "general_branch",
        "branch",
        "joint_branch",
        "temporary_branch",
        "floating_branch",
    ),
    "committee": (
        "committee",
        "general_branch",
        "branch",
        "joint_branch",
        "temporary_branch",
        "floating_branch",
    ),
    "umbrella_committee": ("general_branch", "branch", "joint_branch", "temporary_branch", "floating_branch"),
    "general_branch": ("branch", "joint_branch", "temporary_branch", "floating_branch"),
    "branch": ("party_group",),
    "joint_branch": ("party_group",),
    "temporary_branch": ("party_group",),
    "floating_branch": ("party_group",),
    "party_group": (),
}
#: Kinds whose members pay dues there (a temporary branch collects none: domain.md §2.1).
BRANCH_KINDS = ("branch", "joint_branch", "floating_branch")
UNIT_KINDS = ("nonpublic_enterprise", "self_employed", "social_org", "public", "other")
PLACE_KINDS = ("park", "building", "community", "area", "street", "market")


def _half_open() -> CheckConstraint:
    return CheckConstraint("valid_to is null or valid_to > valid_from", name="dates")


class Place(Versioned, DistrictScoped, Model):
    """A building, park, area or community, with the organization that answers for it."""

    __tablename__ = "place"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    aliases: Mapped[list[str]] = mapped_column(Json, default=list)
    address: Mapped[str] = mapped_column(String(200), default="")
    organization_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    lat: Mapped[float | None]
    lng: Mapped[float | None]

    __table_args__ = (UniqueConstraint("district_id", "kind", "name"),)


class Organization(Versioned, DistrictScoped, Model):
    """A party organization. ``path`` is today's ``/1/5/9/``; history is in ``organization_parent``."""

    __tablename__ = "organization"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    code: Mapped[str] = mapped_column(String(20), default="")
    name: Mapped[str] = mapped_column(String(120))
    aliases: Mapped[list[str]] = mapped_column(Json, default=list)
    sort_key: Mapped[str] = mapped_column(String(240), default="", server_default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    path: Mapped[str] = mapped_column(String(200), default="", index=True)
    founded_on: Mapped[date | None]
    dissolved_on: Mapped[date | None]
    office_address: Mapped[str] = mapped_column(String(200), default="")
    office_phone: Mapped[str] = mapped_column(String(40), default="", info={"class": 0})
    opening_hours: Mapped[str] = mapped_column(String(120), default="")
    lat: Mapped[float | None]
    lng: Mapped[float | None]
    can_transfer_directly: Mapped[bool] = mapped_column(default=False, server_default="0")
    term_no: Mapped[int | None]
    term_start: Mapped[date | None]
    term_end: Mapped[date | None]

    __table_args__ = (
        CheckConstraint("kind in (" + ",".join(f"'{kind}'" for kind in CHILD_KINDS) + ")", name="kind"),
        # One living organization of a name per district, so that a sheet's 所在党支部 is not ambiguous
        # by accident; dissolved ones may share it.
        Index(
            "uq_organization_district_id_name",
            "district_id",
            "name",
            unique=True,
            sqlite_where=text("dissolved_on is null"),
            postgresql_where=text("dissolved_on is null"),
        ),
        Index("ix_organization_district_id_sort_key", "district_id", "sort_key", "id"),
        Index("ix_organization_district_id_kind", "district_id", "kind"),
    )


class OrganizationParent(DistrictScoped, Model):
    """Which organization stood above which, from when to when; a change ends one row and opens another."""

    __tablename__ = "organization_parent"

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organization.id"), index=True)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    __table_args__ = (
        _half_open(),
        Index("ix_organization_parent_by_organization", "district_id", "organization_id"),
    )


class Unit(Versioned, DistrictScoped, Model):
    """Where people work. A wrong USCC checksum warns and never blocks (domain.md §8.2)."""

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    name: Mapped[str] = mapped_column(String(120))
    aliases: Mapped[list[str]] = mapped_column(Json, default=list)
    sort_key: Mapped[str] = mapped_column(String(240), default="", server_default="")
    uscc: Mapped[str | None] = mapped_column(String(18))
    address: Mapped[str] = mapped_column(String(200), default="")
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    area_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    lat: Mapped[float | None]
    lng: Mapped[float | None]
    industry: Mapped[str] = mapped_column(String(60), default="")
    operating_status: Mapped[str] = mapped_column(String(16), default="operating", server_default="operating")
    above_scale: Mapped[bool] = mapped_column(default=False, server_default="0")
    staff: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("kind in (" + ",".join(f"'{kind}'" for kind in UNIT_KINDS) + ")", name="kind"),
        Index(
            "uq_unit_district_id_uscc",
            "district_id",
            "uscc",
            unique=True,
            sqlite_where=text("uscc is not null"),
            postgresql_where=text("uscc is not null"),
        ),
        Index("ix_unit_district_id_sort_key", "district_id", "sort_key", "id"),
        Index("ix_unit_district_id_name", "district_id", "name"),
    )


class UnitCoverage(DistrictScoped, Model):
    """Which organization covers which unit, and how: ``single``, ``joint``, or a form of domain.md §5.5."""

    __tablename__ = "unit_coverage"

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organization.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    form: Mapped[str] = mapped_column(String(16))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    __table_args__ = (
        _half_open(),
        Index(
            "uq_unit_coverage_open",
            "organization_id",
            "unit_id",
            unique=True,
            sqlite_where=text("valid_to is null"),
            postgresql_where=text("valid_to is null"),
        ),
        Index("ix_unit_coverage_by_organization", "district_id", "organization_id"),
        Index("ix_unit_coverage_by_unit", "district_id", "unit_id"),
    )


class ServiceCenter(DistrictScoped, Model):
    """The desk nobody leaves with nothing: address, phone, opening hours."""

    __tablename__ = "service_center"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    address: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="", info={"class": 0})
    opening_hours: Mapped[str] = mapped_column(String(120), default="")
    lat: Mapped[float | None]
    lng: Mapped[float | None]

    __table_args__ = (Index(None, "district_id"),)


class CenterRoom(DistrictScoped, Model):
    """A room of a service center."""

    __tablename__ = "center_room"

    id: Mapped[int] = mapped_column(primary_key=True)
    center_id: Mapped[int] = mapped_column(ForeignKey("service_center.id"))
    name: Mapped[str] = mapped_column(String(60))
    purpose: Mapped[str] = mapped_column(String(60), default="")

    __table_args__ = (UniqueConstraint("center_id", "name"),)
