"""Marker words in every text of every table that belongs to a district, worked out from the models.

A marker names the side, the data class and the column it stands in (``乙密2k9f2a``), so that whatever a page,
a sheet or a file says can be read back: whose it is, and how sensitive. A plugin's new table is marked by
itself; one that cannot be given a row, or a text that must stay, is named here with its reason.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    cast,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from portal import clock, crypto
from portal.database import DistrictScoped, Model, everything, session, transaction

#: Texts of this length or more are words; shorter ones are codes, dates, numbers.
WORDS = 40
#: Columns of that length that are no words, by name, wherever they stand.
CODES = {
    "actor": "who did it: an id",
    "answer_permission": "the name of a permission",
    "asked_index": "a blind index",
    "base_url": "an address the portal calls",
    "client_ip": "an address",
    "code": "an account of the chart",
    "dedupe_key": "a key",
    "digest": "a hash",
    "form_key": "a key",
    "form_token": "a key",
    "hash": "a hash",
    "head": "a hash",
    "holder_type": "the name of a table, by which a plugin finds what its records hold",
    "idem": "a key",
    "initials": "the register's search reads it",
    "kind": "a code",
    "key": "the name of a setting",
    "name_key": "a key",
    "outcome": "a code",
    "path": "ids",
    "payer_index": "a blind index",
    "permission": "a name",
    "phone_index": "a blind index",
    "prev_hash": "a hash",
    "provider_txn_id": "a channel's number",
    "purpose": "the name of a purpose",
    "raw_sha256": "a hash",
    "reference": "another record's name",
    "rule": "how days follow each other (RFC 5545), made by the portal and read by it again",
    "sender": "a hash",
    "slug": "a name in addresses",
    "sort_key": "the register's order",
    "source_key": "a receipt's name",
}
#: Names and addresses of organizations and places: for everybody to find (domain.md §9.1, S1).
PUBLIC = frozenset(
    {"organization", "place", "unit", "service_center", "center_room", "search_entry", "unit_coverage"}
)
#: Columns that keep what they hold, each with its reason.
KEPT = {
    "bookings_equipment.name": "for everybody to find: what a room is to have is asked for by it",
    "bookings_room.about": "for everybody to find, as a place is",
    "bookings_room.name": "for everybody to find, as a place is",
    "bookings_venue.about": "for everybody to find, as a place is",
    "bookings_venue.address": "for everybody to find, as a place is",
    "bookings_venue.contact_phone": "the number of a house, for everybody to call (class 0)",
    "bookings_venue.name": "for everybody to find, as a place is",
    "member.name": "the town has the side's word in it already",
    "merchant_account.payee_name": "whoever pays must read who takes the money",
}
#: Tables without a row of their own in the walk, each with its reason.
EMPTY = {
    "ledger_account": "rows come with entries; codes and ids only",
    "ledger_entry": "append-only, signed in a chain; ids and codes only",
    "ledger_line": "append-only; numbers only",
    "ledger_seal": "hashes only",
    "role_permission": "would change what the roles may do",
}
#: What a filled row must hold where the model alone does not say.
SHAPES: dict[str, Any] = {
    "bookings_hours.closes": 720,
    "bookings_occurrence.state": "completed",
    "delegation.purposes": ["dues.pay"],
    "delegation.relation": "child",
    "dues_relief.chain": ["branch", "committee"],
    "payment_attempt.lines": [],
    "role_grant.role": "dues_collector",
    "role_request.role": "dues_collector",
}
#: Tables without a scope of their own whose records an address may name, and the column of their district.
BESIDE = {
    "account_stop": "stopped_in_id",
    "job": "district_id",
    "notice_delivery": "district_id",
    "rebinding": "asked_in_id",
}
#: A base as nobody has it (fen), and how it reads on a page: numbers take no words.
BASE, SAID_BASE = 7_654_321, re.compile(r"76,?543\.21|\b76543(\.0+)?\b")
#: Sealed columns that hold no text of their own to be read on a page.
SEALED = {
    "dues_base_sheet.rows_sealed": "a list of lines, in the plugin's own shape",
    "member_merge.journal_sealed": "read by the undo only, never shown",
    "merchant_account.secrets_sealed": "never shown again; class 4",
    "payment_attempt.openid_sealed": "sent to the channel, never shown",
    "import_row.before_sealed": "read by the undo only, never shown",
    "import_row.cells_sealed": "written by the importer with its own address",
    "import_row.outcome_sealed": "written by the importer with its own address",
    "member.ric_sealed": "kept only where a district says so",
}


@dataclass(frozen=True, slots=True)
class Found:
    """A marker read in an answer: whose, of which class, of which column."""

    side: str
    data_class: int | None
    column: str


def columns(metadata: MetaData | None = None) -> Iterator[tuple[Table, Any]]:
    """Yield every column that is to hold a marker: words, and sealed texts."""
    for table in _scoped(metadata):
        for column in table.c:
            name = f"{table.name}.{column.name}"
            if table.name in PUBLIC or name in KEPT or column.foreign_keys or column.primary_key:
                continue
            if column.name.endswith("_sealed"):
                if name not in SEALED and isinstance(column.type, LargeBinary):
                    yield table, column
            elif isinstance(column.type, String) and (column.type.length or WORDS) >= WORDS:
                if column.name not in CODES and not column.unique:
                    yield table, column


def marker(side: str, table: str, column: Any) -> str:
    """Return the marker of a column on one side; ``n`` stands for a column without a class."""
    given = column.info.get("class")
    return f"{side}{'n' if given is None else given}{_code(f'{table}.{column.name}')}"


def read(text: str, side: str) -> set[Found]:
    """Return the markers of ``side`` that stand in a text."""
    known = {
        _code(f"{table.name}.{column.name}"): f"{table.name}.{column.name}" for table, column in columns()
    }
    found = set()
    for given, code in re.findall(re.escape(side) + r"([0-4n])([0-9a-f]{5})", text):
        found.add(Found(side, None if given == "n" else int(given), known.get(code, code)))
    if SAID_BASE.search(text):
        found.add(Found(side, 3, "base_fen"))
    return found


def plant(side: str, district_id: int, *, but: frozenset[int] = frozenset()) -> None:
    """Write the markers into a district's rows; those of the members ``but`` stay as they are."""
    for table, column in columns():
        here = table.c.district_id == district_id
        own = table.c.id if table.name == "member" else table.c.get("member_id")
        if own is not None and but:
            here &= own.is_(None) | own.not_in(but)
        word = marker(side, table.name, column)
        with everything(), transaction():
            if column.name.endswith("_sealed"):
                _plant_sealed(table, column, word, here)
            else:
                session.execute(
                    update(table).where(here).values({column.name: _kept_apart(table, column, word)})
                )

    _plant_bases(district_id, but)


def _kept_apart(table: Table, column: Any, word: str) -> Any:
    """Return what a row's column is to hold: the word, with the row's number where two may not be alike."""
    keys: list[Any] = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    keys += [one for one in table.indexes if one.unique]
    if not any(column.name in key.columns for key in keys):
        return word
    said: Any = literal(word)
    for number in table.primary_key:
        said = said + "-" + cast(number, String)
    return said


def _plant_bases(district_id: int, but: frozenset[int]) -> None:
    for table in _scoped(None):
        if "base_fen" in table.c and "member_id" in table.c:
            here = (table.c.district_id == district_id) & table.c.base_fen.is_not(None)
            with everything(), transaction():
                session.execute(
                    update(table).where(here, table.c.member_id.not_in(but)).values(base_fen=BASE)
                )


def _plant_sealed(table: Table, column: Any, word: str, here: Any) -> None:
    # The address of a sealed value is the table, the column and the row's own name.
    for row in session.execute(select(table.c.id, table.c.uid, column).where(here)):
        place = f"{table.name}.{column.name}"
        try:
            text = _replaced(crypto.decrypt(place, row.uid, row[2] or b""), word)
        except crypto.CryptoError:
            text = word  # nothing there, or the filling's own
        new = {column.name: crypto.encrypt(place, row.uid, text)}
        session.execute(update(table).where(table.c.id == row.id).values(new))


def _replaced(text: str, word: str) -> str:
    """Return a sealed text as the marker; of a sealed list only its words are replaced."""
    try:
        held = json.loads(text)
    except ValueError:
        return word
    if not isinstance(held, dict | list):
        return word
    return json.dumps(_words_replaced(held, word), ensure_ascii=False)


def _words_replaced(held: Any, word: str) -> Any:
    if isinstance(held, dict):
        return {name: _words_replaced(value, word) for name, value in held.items()}
    if isinstance(held, list):
        return [_words_replaced(value, word) for value in held]
    return word if isinstance(held, str) and re.search(r"[\u4e00-\u9fff]{2}", held) else held


def empty(district_id: int, metadata: MetaData | None = None) -> list[str]:
    """Return the tables without a row of this district, as far as nobody said why."""
    found = []
    with everything():
        for table in _scoped(metadata):
            if table.name in EMPTY:
                continue
            if (
                session.execute(
                    select(table.c.district_id).where(table.c.district_id == district_id).limit(1)
                ).first()
                is None
            ):
                found.append(table.name)
        session.rollback()
    return found


def fill(
    district_id: int, *, member_id: int, account_id: int, other_id: int, organization_id: int
) -> list[str]:
    """Make a row of every table that has none; return those that could not be made of the model alone.

    ``other_id`` is the account of who did it (``…_by``): what is written down takes two people.
    """
    points = {
        "member": member_id,
        "account": account_id,
        "account_by": other_id,
        "organization": organization_id,
        "district": district_id,
    }
    left = empty(district_id) + [name for name in BESIDE if not _has_one(name, district_id)]
    while True:
        before = list(left)
        for name in before:
            table = Model.metadata.tables[name]
            try:
                with everything(), transaction():
                    session.execute(insert(table).values(**_row(table, district_id, points)))
            except (IntegrityError, LookupError):
                continue
            left.remove(name)
        if left == before or not left:
            return left


def _has_one(name: str, district_id: int) -> bool:
    table = Model.metadata.tables[name]
    with everything():
        here = table.c[BESIDE[name]] == district_id
        found = session.execute(select(table.c.id).where(here).limit(1)).first()
        session.rollback()
    return found is not None


def _row(table: Table, district_id: int, points: dict[str, int]) -> dict[str, Any]:
    """Return values for what a row must have; raise LookupError where another row must come first."""
    values: dict[str, Any] = {}
    for column in table.c:
        if column.primary_key and not column.foreign_keys:
            continue
        target = next((key.column.table for key in column.foreign_keys), None)
        if target is not None:
            if not column.nullable or target.name in {"member", "organization", "district"}:
                doer = "_by" if column.name.endswith("_by") else ""
                values[column.name] = points.get(target.name + doer) or _some(target, district_id)
        elif not column.nullable and column.default is None and column.server_default is None:
            shape = SHAPES.get(f"{table.name}.{column.name}")
            values[column.name] = _value(table, column) if shape is None else shape
    return values


def _some(table: Table, district_id: int) -> int:
    found = select(table.c.id)
    if "district_id" in table.c:
        found = found.where(table.c.district_id == district_id)
    number = session.scalar(found.order_by(table.c.id).limit(1))
    if number is None:
        raise LookupError(table.name)
    return int(number)


def _value(table: Table, column: Any) -> Any:
    allowed = _one_of(table, column.name)
    if allowed:
        return allowed
    kind = column.type
    if isinstance(kind, String):
        if column.name.endswith("month") or kind.length == 7:
            return f"{clock.today():%Y-%m}"
        return crypto.new_uid()[: kind.length or 26]
    for types, value in (
        (Boolean, True),
        (Integer, 1),
        (DateTime, clock.now()),
        (Date, clock.today()),
        (LargeBinary, b"x"),
    ):
        if isinstance(kind, types):
            return value
    python: Any = getattr(kind, "impl", kind)
    if isinstance(python, Integer):
        return 1
    if isinstance(python, DateTime) or kind.__class__.__name__ == "UtcDateTime":
        return clock.now()
    return {}


def _one_of(table: Table, name: str) -> str | None:
    """Return the first value that a check lets a column have."""
    for check in table.constraints:
        said = str(getattr(check, "sqltext", ""))
        found = re.match(rf"{name} in \('(\w+)'", said)
        if found:
            return found[1]
    return None


def _scoped(metadata: MetaData | None) -> list[Table]:
    if metadata is not None:
        return [table for table in metadata.sorted_tables if "district_id" in table.c]
    scoped = [m.local_table for m in Model.registry.mappers if issubclass(m.class_, DistrictScoped)]
    return sorted((table for table in scoped if isinstance(table, Table)), key=lambda table: table.name)


def _code(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:5]
