"""What ``bench.million`` has done inside one installation, each time by a process of its own.

``fill MEMBERS ORGANIZATIONS`` seeds it, puts a month on the books with its ledger entries; ``assess``
measures a year's assessment; ``login`` makes sessions. The last line printed is what came of it, as JSON.

Whatever was filled says so in ``filled.json``: a house that is kept is not filled twice. One whose
filling was interrupted goes on: the seed is one transaction, and a month writes only what is not there.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import cast, func, insert, literal, null, select

from bench.house import logged_in, processor_time
from plugins.dues.models import DuesAssessment
from plugins.dues.service import assessments, obligations
from portal import clock
from portal.app import create_app
from portal.cli.db import upgrade_schema
from portal.database import everything, in_scope, is_postgresql, session, transaction
from portal.database.engine import analyze
from portal.demo import large, place
from portal.demo.installation import prepare
from portal.districts import context
from portal.districts.models import District
from portal.ledger.models import Entry
from portal.organizations.models import Organization, Unit

T: Any = DuesAssessment.__table__


def main() -> None:
    """Do what the command line says."""
    here = place.place()
    prepare(here)
    app = create_app()
    with app.app_context():
        if sys.argv[1] == "fill":
            upgrade_schema()
            said = _fill(here, large.Size(members=int(sys.argv[2]), organizations=int(sys.argv[3])))
        elif sys.argv[1] == "assess":
            said = _assess()
        else:
            said = sample() | {
                "cookies": logged_in(app, ("member", "secretary", "desk", "deployer")),
            }
    print(json.dumps(said))


def _fill(here: place.Place, size: large.Size) -> dict[str, Any]:
    kept = here.folder / "filled.json"
    known: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    if "month" not in known:
        if "seeded" not in known:
            known["seeded"] = _timed(lambda: large.seed(size, here, say=say))
            kept.write_text(json.dumps(known))
        known["month"] = _timed(lambda: _months(_places()))
        analyze()
    known |= _counted() | {"megabytes": _size() if is_postgresql() else _megabytes(here.folder)}
    kept.write_text(json.dumps(known))
    return known


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _places() -> list[int]:
    with everything():
        found = session.scalars(select(District.id).where(District.kind == "county")).all()
        session.remove()
    return list(found)


def _counted() -> dict[str, int]:
    """Count the month on the books and its entries. Raises: SystemExit, unless each month has its entry."""
    with everything():
        owed = select(func.count()).select_from(obligations.T).where(obligations.T.c.due_fen != 0)
        entered = select(func.count()).select_from(Entry).where(Entry.kind == "dues.assessed")
        counts = [session.scalar(one) or 0 for one in (owed, entered)]
        session.remove()
    if counts[0] != counts[1] or not counts[0]:
        raise SystemExit(f"{counts[0]} months are owed, {counts[1]} have an entry in the books")
    return {"obligations": counts[0], "entries": counts[1]}


def _assess() -> dict[str, Any]:
    places = _places()
    # In turns, the cheapest of three each. The plain one first: PostgreSQL keeps what was taken back, and
    # whoever comes later writes around it.
    year, plain, rows = [], [], 0
    for _ in range(3):
        taken, same = _undone(_plain)
        plain.append(taken)
        taken, rows = _undone(lambda: sum(_year(place_id) for place_id in places))
        year.append(taken)
        if same != rows:
            raise SystemExit(f"{rows} rows were assessed, {same} copied")
    return {"year": min(year), "plain": min(plain), "rows": rows}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _months(places: Iterable[int]) -> None:
    for number, district_id in enumerate(places):
        with in_scope({district_id}, write=district_id):
            obligations.create_month(district_id=district_id, month=clock.month())
            session.remove()
        if number % 20 == 19:
            say(f"the month of {number + 1} districts")


class _Undone(Exception):
    pass


def _undone(work: Callable[[], int]) -> tuple[float, int]:
    """Do something in one transaction, take it back; return its processor time in seconds and its rows."""
    count = 0
    taken = 0.0
    try:
        with everything(), transaction():
            backend = session.scalar(select(func.pg_backend_pid())) if is_postgresql() else None
            began = _spent(backend)
            count = work()
            taken = _spent(backend) - began
            raise _Undone
    except _Undone:
        session.remove()
    return taken, count


def _spent(backend: int | None) -> float:
    return time.process_time() + (processor_time(backend) if backend else 0.0)


def _year(district_id: int) -> int:
    with in_scope({district_id}, write=district_id):
        return assessments.draft_year(district=context.ref(district_id), year=_next_year(), by=None)


def _next_year() -> int:
    return clock.today().year + 1


def _plain() -> int:
    """Write the same rows by a statement that decides nothing."""
    changed = {
        "from_month": literal(f"{_next_year()}-01"),
        "state": literal("draft"),
        "origin": literal("branch"),
        "approved_at": cast(null(), T.c.approved_at.type),
        "drafted_at": literal(clock.now(), T.c.drafted_at.type),
    }
    names = [column.name for column in T.c if column.name != "id"]
    chosen = select(*(changed.get(name, T.c[name]).label(name) for name in names)).where(
        T.c.state == "approved"
    )
    statement = insert(T).from_select(names, chosen).execution_options(preserve_rowcount=True)
    return int(session.connection().execute(statement).rowcount)


def sample() -> dict[str, Any]:
    """Return the first branch and a brand that is there once: of its unit, with its region."""
    with everything():
        branch = session.scalar(select(func.min(Organization.id)).where(Organization.kind == "branch"))
        name = session.scalar(select(Unit.name).order_by(Unit.id).limit(1)) or ""
        session.remove()
    return {"branch": branch, "brand": name[:4]}


def _megabytes(folder: Path) -> float:
    return sum(os.path.getsize(one) for one in folder.glob("portal.db*")) / 1_000_000


def _size() -> float:
    with everything():
        found = session.scalar(select(func.pg_database_size(func.current_database())))
        session.remove()
    return int(found or 0) / 1_000_000


if __name__ == "__main__":
    main()
