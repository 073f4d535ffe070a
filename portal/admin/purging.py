"""Lose a plugin's data for good: what that would be, what stands in the way, and the act itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from portal import audit
from portal.claims import Claim, ClaimUnit
from portal.current import registry
from portal.database import Model, everything, leaving, session
from portal.database.engine import as_owner
from portal.districts.models import District, PluginSwitch, SettingValue
from portal.districts.switch import Row, effective
from portal.identity.models import RolePermission
from portal.jobs.models import JobRow
from portal.ledger.models import Book
from portal.payments.models import MerchantAccount, PaymentAttempt
from portal.registry import SLUG, overlapping

Columns = InstrumentedAttribute[str]
#: What of a plugin lies in tables of the core, by the column that carries its name.
BESIDE: Mapping[str, tuple[type[Model], Columns]] = {
    "settings": (SettingValue, SettingValue.key),
    "permissions": (RolePermission, RolePermission.permission),
    "jobs": (JobRow, JobRow.name),
}


class Refused(ValueError):
    """The plugin's data stays; the message says why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What would be gone: rows by table, what it claimed, and what of it lies in other tables of the core."""

    slug: str
    tables: Mapping[str, int]
    claims: Mapping[str, int]
    beside: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Return how many rows of the plugin's own there are: the number whoever purges must name."""
        return sum(self.tables.values()) + sum(self.claims.values())


def look(slug: str) -> Loss:
    """Return what a purge of ``slug`` would lose. Raises: Refused."""
    session.remove()  # its connection must not stand in the way of the owner's
    with everything(), as_owner() as connection:
        return _look(connection, slug)


def purge(slug: str, *, rows: int, export: Path | None, by: int | None = None) -> Loss:
    """Remove all there is of a plugin, or nothing; ``rows`` is what the person was shown.

    With ``export`` every row is written there first (JSON lines, readable by its owner alone). Books, the
    audit trail and messages people got stay. Raises: Refused; OSError when the file cannot be written.
    """
    session.remove()
    with everything(), as_owner() as connection:
        found = _look(connection, slug)
        if found.rows != rows:
            raise Refused(f"there are {found.rows} rows, not {rows}: look again")
        if export is not None:
            _write(connection, found, export)
        for model, column in BESIDE.values():
            connection.execute(delete(model).where(column.startswith(f"{slug}.", autoescape=True)))
        connection.execute(delete(PluginSwitch).where(PluginSwitch.plugin == slug))
        leaving.drop(connection, slug, found.tables)
        # Its tables point at its units: those go after them.
        for model, its in _claimed(slug).items():
            connection.execute(delete(model).where(its))
        detail = {"rows": rows, "tables": len(found.tables), "exported": export is not None}
        audit.record_on(connection, "plugin.purge", ("plugin", slug), actor=by, district=None, detail=detail)
    return found


def _look(connection: Connection, slug: str) -> Loss:
    known = leaving.owners(connection) | set(registry().plugins) | set(registry().broken)
    core = {
        str(getattr(mapper.local_table, "name", ""))
        for mapper in Model.registry.mappers
        if mapper.class_.__module__.startswith("portal.")
    }
    names = leaving.tables_of(connection, slug, core=core)
    beside = {what: _count(connection, column, f"{slug}.") for what, (_model, column) in BESIDE.items()}
    switches = select(func.count()).where(PluginSwitch.plugin == slug)
    beside["switches"] = int(connection.execute(switches).scalar_one())
    # SQLite's LIKE knows no capitals: only what can be a slug is looked for.
    is_one = slug != "core" and SLUG.match(slug)
    if not is_one or slug not in known and not any(beside.values()):
        raise Refused(f"nothing here is called {slug!r}; known: {', '.join(sorted(known - {'core'}))}")
    _nothing_stands_in_the_way(connection, slug, names, known - {slug, "core"})
    claims = {
        model.__tablename__: int(
            connection.execute(select(func.count()).select_from(model).where(its)).scalar_one()
        )
        for model, its in _claimed(slug).items()
    }
    return Loss(slug=slug, tables=leaving.counts(connection, names), claims=claims, beside=beside)


def _claimed(slug: str) -> dict[type[Model], ColumnElement[bool]]:
    """Return what a plugin had to be claimed, and whose slots those were: claims first, then their units."""
    own = select(ClaimUnit.id).where(ClaimUnit.owner == slug)
    held = or_(Claim.unit_id.in_(own), Claim.holder_type.startswith(f"{slug}.", autoescape=True))
    return {Claim: held, ClaimUnit: ClaimUnit.owner == slug}


def _count(connection: Connection, column: Any, prefix: str) -> int:
    found = select(func.count()).where(column.startswith(prefix, autoescape=True))
    return int(connection.execute(found).scalar_one())


def _nothing_stands_in_the_way(connection: Connection, slug: str, names: list[str], others: set[str]) -> None:
    shared = overlapping(slug, others)
    if shared:
        raise Refused(
            f"tables of {slug!r} and {shared!r} have the same beginning: nobody can tell whose they are"
        )
    where = _still_on(connection, slug)
    if where:
        raise Refused(
            f"{slug} is on in {', '.join(where[:10])}{' …' if len(where) > 10 else ''}; switch it off "
            f"first: portal plugins off {slug} --district {where[0]} --lock"
        )
    held = leaving.referring(connection, names)
    if held:
        raise Refused(f"{', '.join(held)} refer to its tables")
    _no_books(connection, slug)


def _still_on(connection: Connection, slug: str) -> list[str]:
    plugin = registry().plugins.get(slug)
    columns = (PluginSwitch.district_id, PluginSwitch.plugin, PluginSwitch.on, PluginSwitch.locked)
    asked = connection.execute(select(*columns).where(PluginSwitch.plugin == slug))
    rows = {(row.district_id, slug): Row(*row) for row in asked}
    default = bool(plugin and plugin.on_by_default)
    places = connection.execute(select(District.code, District.path).order_by(District.path)).all()
    return [
        code
        for code, path in places
        if effective(slug, default, [int(part) for part in path.split("/") if part], rows).on
    ]


def _no_books(connection: Connection, slug: str) -> None:
    """Refuse where money went through the plugin: books are kept, and need whoever can read them."""
    purposes = {
        service.key
        for owner, service in registry().services
        if owner == slug and service.protocol.__name__ == "PaymentPurpose"
    }
    for model, columns in (
        (Book, (Book.purpose,)),
        (PaymentAttempt, (PaymentAttempt.purpose,)),
        (MerchantAccount, (MerchantAccount.purpose, MerchantAccount.provider)),
    ):
        its: list[ColumnElement[bool]] = [column.in_({slug, *purposes}) for column in columns]
        its += [column.startswith(f"{slug}{sign}", autoescape=True) for column in columns for sign in "._-"]
        found = int(connection.execute(select(func.count()).select_from(model).where(or_(*its))).scalar_one())
        if found:
            raise Refused(
                f"{found} rows of {model.__tablename__} are money of {slug}: books are kept for 15 years, "
                "and its tables say what they mean. Leave it switched off instead"
            )


def _write(connection: Connection, found: Loss, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for line in leaving.lines(connection, found.tables):
            file.write(line + "\n")
        for model, its in _claimed(found.slug).items():
            own = select(model.__table__).where(its)
            for line in leaving.lines_of(connection, model.__tablename__, own):
                file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
