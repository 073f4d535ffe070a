"""Watch in which order verbs take their locks: what they are about, months, series, book (``service/order``).

The server is asked which rows a verb holds, not the verb: another connection tries to lock every row without
waiting, when the next step begins and again before the verb commits. A row that was free then and is held
now was taken too late. On SQLite, which has one write lock, only new rows are looked at.
"""

from __future__ import annotations

import re
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    NullPool,
    column,
    create_engine,
    event,
    literal,
    select,
    table,
    union_all,
)

from portal.api import session

MONTHS, SERIES, BOOK = 1, 2, 3
#: What a verb is about: whoever changes it has it before the three.
ABOUT = ("payment_attempt", "dues_cash_sheet", "dues_assessment", "dues_relief", "dues_voucher")
THREE = {"dues_obligation": MONTHS, "dues_voucher_series": SERIES, "ledger_book": BOOK}
STEP = {**dict.fromkeys(ABOUT, 0), **THREE}
_ANY = "|".join(STEP)
_NEW = re.compile(rf"\bINSERT INTO ({'|'.join(THREE)})\b")
_HELD = re.compile(rf"^UPDATE ({_ANY})\b|\bFROM ({_ANY})\b.*\bFOR (?:NO KEY )?UPDATE\b", re.S)
_EACH = (select(column("id")).select_from(table(name)) for name in STEP)
_FREE = [one.with_for_update(key_share=True, skip_locked=True).cte() for one in _EACH]
_UNLOCKED = union_all(*(select(literal(name), one.c.id) for name, one in zip(STEP, _FREE, strict=True)))
_BY_MONTH = re.compile(r"ORDER BY (dues_obligation\.month\b|who\.member_id)")


def step_of(statement: str) -> tuple[int, bool] | None:
    """Return the step a statement belongs to, and whether it makes a row; None when it takes no lock."""
    made = _NEW.search(statement)
    held = made or _HELD.search(statement)
    return None if held is None else (STEP[held.group(1) or held.group(2)], made is not None)


@dataclass
class _Verb:
    thread: int = field(default_factory=threading.get_ident)
    step: int = 0
    free: dict[str, set[int]] = field(default_factory=dict)  # rows nobody held when the next step began
    alone: bool = True


@dataclass
class Watch:
    """What verbs did wrong, in words; ``steps`` are the last step of each verb that was committed."""

    engine: Engine
    wrong: list[str] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    _open: dict[int, _Verb] = field(default_factory=dict)
    _look: Connection | None = None

    def begin(self, connection: Connection) -> None:
        verb = self._open[id(connection.info)] = _Verb()
        others = [one for one in list(self._open.values()) if one.thread != verb.thread]
        for one in (*others, verb) if others else ():
            one.alone = False  # what somebody else holds is nothing this verb took

    def statement(self, connection: Connection, _cursor: Any, said: str, *_: Any) -> None:
        verb, found = self._open.get(id(connection.info)), step_of(said)
        if verb is None or found is None:
            return
        step, new = found
        if step < verb.step and new:
            self._note(f"a new row of step {step} after step {verb.step}: {said[:90]}")
        if step == MONTHS and not said.startswith("UPDATE") and not _BY_MONTH.search(said):
            self._note(f"months in no order: {said[:200]}")
        if step > verb.step:
            verb.step = step
            unlocked = self._unlocked() if verb.alone else {}
            verb.free |= {name: free for name, free in unlocked.items() if STEP[name] < step}

    def commit(self, connection: Connection) -> None:
        verb = self._open.pop(id(connection.info), None)
        if verb is None or not verb.step:
            return
        self.steps.append(verb.step)
        unlocked = self._unlocked() if verb.alone else {}
        for name in unlocked.keys() & verb.free.keys():
            if late := verb.free[name] - unlocked[name]:
                self._note(f"rows of {name} taken too late: {sorted(late)}")

    def rollback(self, connection: Connection) -> None:
        self._open.pop(id(connection.info), None)

    def close(self) -> None:
        if self._look is not None:
            self._look.close()

    def _unlocked(self) -> dict[str, set[int]]:
        if self.engine.dialect.name != "postgresql":
            return {}
        if self._look is None:
            above = self.engine.url.set(username="postgres")
            self._look = create_engine(above, poolclass=NullPool).connect()
        found: dict[str, set[int]] = {name: set() for name in STEP}
        for name, row_id in self._look.execute(_UNLOCKED):
            found[name].add(row_id)
        self._look.rollback()
        return found

    def _note(self, what: str) -> None:
        ours = [one for one in traceback.extract_stack() if "/dues/" in one.filename]
        where = [f"{one.name}:{one.lineno}" for one in ours if not one.filename.endswith("tests/order.py")]
        self.wrong.append(f"{what} ({' < '.join(reversed(where))})")


@contextmanager
def watched() -> Iterator[Watch]:
    """Watch every verb that is run inside."""
    engine: Any = session.get_bind()
    watch = Watch(engine)
    told = {
        "begin": watch.begin,
        "before_cursor_execute": watch.statement,
        "commit": watch.commit,
        "rollback": watch.rollback,
    }
    for name, listener in told.items():
        event.listen(engine, name, listener)
    try:
        yield watch
    finally:
        for name, listener in told.items():
            event.remove(engine, name, listener)
        watch.close()
