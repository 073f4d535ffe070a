"""Rows of uploaded sheets about somebody whose data is erased: they go from every batch still kept."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Any

from sqlalchemy import delete, select

from portal import crypto
from portal.database import session, swap
from portal.members.forgetting import also
from portal.members.models import Member, Person
from portal.sheets.imports import store
from portal.sheets.imports.models import ImportBatch, ImportRow

_PHONE, _RIC = re.compile(r"1\d{10}"), re.compile(r"\d{17}[\dX]")


@also
def rows_about(member: Member) -> None:
    """Delete the rows that became this record, or that hold its national id or its mobile number.

    A batch that is being looked at goes on without them; one already committed keeps its counts' sense:
    there are as many lines as it says. Joins the caller's transaction.
    """
    person = session.get(Person, member.person_id)
    wanted = {one for one in (person and person.ric_index, member.phone_index) if one}
    members = select(ImportBatch).where(
        ImportBatch.kind == "members", ImportBatch.district_id == member.district_id
    )
    for batch in session.scalars(members).all():
        numbers = {number for number, cells in store.read_cells(batch) if _indexes(cells) & wanted}
        mine = (ImportRow.batch_id == batch.id) & (
            ImportRow.number.in_(numbers) | (ImportRow.target_id == member.id)
        )
        gone = session.execute(select(ImportRow.verdict, ImportRow.hidden).where(mine)).all()
        if not gone:
            continue
        session.execute(delete(ImportRow).where(mine))
        verdicts = Counter(verdict for verdict, _hidden in gone if verdict in batch.counts)
        fewer: dict[str, Any] = {name: getattr(batch, name) - count for name, count in verdicts.items()}
        fewer["hidden"] = batch.hidden - sum(hidden for _verdict, hidden in gone)
        fewer["total"] = max(0, batch.total - len(gone))
        fewer["done"] = min(batch.done, fewer["total"])
        swap(batch, version=batch.version, **fewer)


def _indexes(cells: list[Any] | None) -> set[str]:
    """Return the blind indexes of the national ids and mobile numbers among a row's cells."""
    found = set()
    for cell in cells or ():
        said = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", str(cell or ""))).upper()
        if _RIC.fullmatch(said):
            found.add(crypto.blind_index("ric", said))
        elif _PHONE.fullmatch(said):
            found.add(crypto.blind_index("phone", said))
    return found
