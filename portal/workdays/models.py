"""The published calendars and their days; the database itself refuses to change either.

A corrected notice is a new version. The newest of a year is in force, so there is never none and never two,
and nothing has to be switched over.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Model, UtcDateTime, append_only, trigger

#: ``off``: nobody works. ``work``: a Saturday or Sunday on which everybody does.
KINDS = ("off", "work")
#: ``shipped`` with the portal, or the installation's ``own``, which no upgrade touches.
ORIGINS = ("shipped", "own")


class WorkdayCalendar(Model):
    """One version of one year, as a notice of the State Council published it. National: no district."""

    __tablename__ = "workday_calendar"
    __table_args__ = (
        UniqueConstraint("year", "version"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("year between 1950 and 2200", name="year"),
        CheckConstraint("origin in ('shipped','own')", name="origin"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    version: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    number: Mapped[str] = mapped_column(String(60))
    issued_on: Mapped[date]
    url: Mapped[str] = mapped_column(String(200), default="")
    #: Written down without the notice at hand: pages say so until a version with its source replaces it.
    from_memory: Mapped[bool]
    origin: Mapped[str] = mapped_column(String(8))
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WorkdayDay(Model):
    """A day that is not what its weekday says, or a holiday's weekend; plain days have no row."""

    __tablename__ = "workday_day"
    __table_args__ = (
        UniqueConstraint("calendar_id", "day"),
        CheckConstraint("kind in ('off','work')", name="kind"),
        CheckConstraint("name <> ''", name="name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    calendar_id: Mapped[int] = mapped_column(ForeignKey("workday_calendar.id"))
    day: Mapped[date]
    kind: Mapped[str] = mapped_column(String(4))
    name: Mapped[str] = mapped_column(String(40))


def _fits(year: str, weekend: str) -> str:
    """Return the condition that refuses a day of another year, or a make-up day that is no weekend."""
    other_year = "NOT EXISTS (SELECT 1 FROM workday_calendar c WHERE c.id = NEW.calendar_id AND c.year = "
    return f"{other_year}{year}) OR (NEW.kind = 'work' AND NOT {weekend})"


_SQLITE = _fits("CAST(strftime('%Y', NEW.day) AS INTEGER)", "strftime('%w', NEW.day) IN ('0', '6')")
_POSTGRESQL = _fits("extract(year FROM NEW.day)", "extract(isodow FROM NEW.day) IN (6, 7)")

append_only(WorkdayCalendar.__table__)
append_only(WorkdayDay.__table__)
trigger(
    WorkdayDay.__table__,
    sqlite=(
        f"CREATE TRIGGER workday_day_fits BEFORE INSERT ON workday_day WHEN {_SQLITE} "
        "BEGIN SELECT RAISE(ABORT, 'no such day in this calendar'); END"
    ),
    postgresql=[
        f"CREATE OR REPLACE FUNCTION workday_day_fits() RETURNS trigger AS $$ BEGIN IF {_POSTGRESQL} THEN "
        "RAISE EXCEPTION 'no such day in this calendar'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
        "CREATE TRIGGER workday_day_fits BEFORE INSERT ON workday_day "
        "FOR EACH ROW EXECUTE FUNCTION workday_day_fits()",
    ],
)
