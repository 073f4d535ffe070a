"""Units that can be had, and who has which of their slots."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.claims.grid import DEFAULT_GRID, GRIDS
from portal.database import DistrictScoped, Model, trigger


class ClaimUnit(DistrictScoped, Model):
    """One thing that one holder at a time may have: a room, a part of a hall, a projector.

    ``owner`` is the plugin that made it. The grid (minutes) is fixed when the unit is made: slots counted on
    another one would overlap with those already held, and no key would see it.
    """

    __tablename__ = "claim_unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(String(32))
    label: Mapped[str] = mapped_column(String(120))
    grid_minutes: Mapped[int] = mapped_column(default=DEFAULT_GRID, server_default=str(DEFAULT_GRID))

    __table_args__ = (
        CheckConstraint(f"grid_minutes in ({','.join(map(str, GRIDS))})", name="grid"),
        Index("ix_claim_unit_owner", "district_id", "owner"),
    )


class Claim(DistrictScoped, Model):
    """One slot of one unit, and whose it is. The unique key is the whole promise: nobody else has it.

    The key names no district: a unit belongs to one, and a row that named another could otherwise pass it.
    """

    __tablename__ = "claim"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("claim_unit.id"))
    slot: Mapped[int]
    #: ``<plugin>.<table>`` and the id of its row.
    holder_type: Mapped[str] = mapped_column(String(40))
    holder_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))

    __table_args__ = (
        CheckConstraint("kind in ('use','buffer','held','closed')", name="kind"),
        UniqueConstraint("unit_id", "slot"),
        Index("ix_claim_holder", "holder_type", "holder_id", "slot"),
    )


trigger(
    ClaimUnit.__table__,
    sqlite=(
        "CREATE TRIGGER claim_unit_grid_fixed BEFORE UPDATE OF grid_minutes ON claim_unit "
        "WHEN NEW.grid_minutes <> OLD.grid_minutes "
        "BEGIN SELECT RAISE(ABORT, 'the grid of a claim_unit is fixed'); END"
    ),
    postgresql=[
        "CREATE OR REPLACE FUNCTION claim_unit_grid_fixed() RETURNS trigger AS $$ BEGIN "
        "IF NEW.grid_minutes <> OLD.grid_minutes THEN "
        "RAISE EXCEPTION 'the grid of a claim_unit is fixed'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER claim_unit_grid_fixed BEFORE UPDATE ON claim_unit "
        "FOR EACH ROW EXECUTE FUNCTION claim_unit_grid_fixed()",
    ],
)
