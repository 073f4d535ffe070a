"""Nobody decides what a month owes while that month comes onto the books.

Neither would see the other's rows before both are committed: the month would keep the old amount, and no
error would say so. SQLite lets one write at a time; on PostgreSQL whoever puts months on the books shares a
lock of the district, and whoever decides has it alone. It is taken before any month (``order``), so whoever
holds months waits for nobody here.
"""

from __future__ import annotations

from sqlalchemy import func, select

from portal.api import is_postgresql, session

#: The first of the two numbers of PostgreSQL's advisory locks; the second is the district's id.
_DUES = 0x64756573


def months_come(district_id: int) -> None:
    """Wait for decisions under way, in the caller's transaction; those of others wait for its end."""
    if is_postgresql():
        session.execute(select(func.pg_advisory_xact_lock_shared(_DUES, district_id)))


def decides(district_id: int) -> None:
    """Wait for months under way, in the caller's transaction; others' months wait for its end."""
    if is_postgresql():
        session.execute(select(func.pg_advisory_xact_lock(_DUES, district_id)))
