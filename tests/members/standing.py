"""Somebody erased, and where words about them stand: in every table of the models, in the clear or sealed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from portal import clock, crypto
from portal.database import Model, everything, session
from portal.jobs import run_due
from portal.keys.sealed import sealed_columns
from portal.members import rights
from portal.members.models import Member
from portal.testing import World


def erase(world: World, here: Any, member_id: int, word: str) -> None:
    """Close and erase a record, ``word`` being why it was left; what is to be done afterwards is done."""
    with world.writing(here):
        row = session.get_one(Member, member_id)
        row = rights.leave(
            row, version=row.version, on_day=clock.today(), exit_type="withdrew", reason=word, actor=None
        )
        rights.erase(row, version=row.version, reason="本人申请", actor=None)
    session.rollback()
    run_due()
    session.remove()


def standing(words: Collection[str], *, without: Collection[str] = ()) -> set[str]:
    """Return table.column of every place where one of the words stands, but for some tables.

    Read through the models, so that a word within JSON is not missed for being written escaped.
    """
    found = set()
    with everything():
        session.rollback()
        for table in Model.metadata.sorted_tables:
            if table.name in without:
                continue
            for row in session.execute(select(table)).mappings():
                found |= {
                    f"{table.name}.{name}"
                    for name, value in row.items()
                    if any(word in _text(value) for word in words)
                }
        for one in sealed_columns():
            for row, blob in one.rows():
                try:
                    said = crypto.decrypt(one.place, one.uid(row), blob)
                except crypto.CryptoError:
                    continue  # sealed by nobody: bytes that a test made up
                if any(word in said for word in words):
                    found.add(one.name)
        session.rollback()
    return found


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
