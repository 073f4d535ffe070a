"""The district walk: every route, role and shape of answer, over own, foreign and missing records.

What it looks for: a marker of the other district (security.md row 21), an answer to a foreign record that
differs from the one to a missing record (rule K14), and a marker of a data class above the role's.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from pypdf import PdfReader
from sqlalchemy import select
from werkzeug.routing import Rule

from portal import clock
from portal.database import Model, everything, session, transaction
from portal.identity.models import Account
from portal.identity.passkey_models import Passkey
from portal.testing import Browser
from tests.guards import marks, routes
from tests.guards.town import Side, Town

FRAGMENT = {"HX-Request": "true"}
#: How many characters an answer to a foreign record may differ from one to a missing record.
SLACK = 8


@dataclass
class Walk:
    """A town whose every text is marked, and the addresses of its routes."""

    town: Town
    app: Flask
    browsers: dict[str, Browser] = field(default_factory=dict)

    def __post_init__(self) -> None:
        town = self.town
        # Whoever walks as a member is no marked record: what they read of themselves is theirs.
        walkers = frozenset(member.id for member in town.left.members[1:3])
        for side in (town.left, town.right):
            with everything():
                holder = side.members[0].person_id
                account = session.scalars(select(Account.id).where(Account.person_id == holder)).one()
                session.rollback()
            self.unfilled = marks.fill(
                side.district.id,
                member_id=side.members[0].id,
                account_id=account,
                other_id=town.world.account().id,
                organization_id=side.branch.id,
            )
            marks.plant(side.marker, side.district.id, but=walkers)
        for side in (town.left, town.right):
            self.town.browser(side, "member")  # a session whose number an address may name
            _plant_passkey(side)
        session.remove()

    def browser(self, role: str) -> Browser:
        """Return somebody of the left side with a role; the same one each time."""
        if role not in self.browsers:
            self.browsers[role] = self.town.browser(self.town.left, role)
        return self.browsers[role]

    def rules(self, method: str) -> Iterator[Rule]:
        """Yield the routes below /d/<code>/ that answer ``method``."""
        yield from self.town.rules(method, inside=True)

    def path(self, rule: Rule, side: Side, *, at: Side | None = None, missing: bool = False) -> str:
        """Return a route's address with the records of ``side``, in the district of ``at``."""
        named = routes.records(rule)
        values: dict[str, Any] = {"district_code": (at or side).district.code}
        for argument in rule.arguments - {"district_code"}:
            if argument not in named:
                values[argument] = self.town._sample(rule, argument, side)
            elif missing:
                values[argument] = _nobody(named[argument])
            else:
                values[argument] = self._record(named[argument], side)
        built = rule.build(values, append_unknown=False)
        assert built is not None, f"no address for {rule.rule} with {values}"
        return str(built[1])

    def _record(self, name: str, side: Side) -> Any:
        table, column = name.split(".")
        if table == "member":
            return getattr(side.members[0], column)
        with everything():
            found = session.scalar(_records(table, column, side).limit(1))
            session.rollback()
        return _nobody(name) if found is None else found

    def lacking(self, side: Side) -> list[str]:
        """Return the records that addresses name and that a side does not have: nothing is proven there."""
        found = set()
        for rule in self.app.url_map.iter_rules():
            for name in routes.records(rule).values() if rule.endpoint != "static" else ():
                if self._record(name, side) == _nobody(name):
                    found.add(name)
        return sorted(found)


def _records(table: str, column: str, side: Side) -> Any:
    known = Model.metadata.tables[table]
    found = select(known.c[column]).order_by(known.c.id)
    people = [member.person_id for member in side.members]
    if table == "account":
        return found.where(known.c.person_id.in_(people))
    if table in {"login_session", "passkey"}:
        return found.join(Account, Account.id == known.c.account_id).where(Account.person_id.in_(people))
    return found.where(known.c[marks.BESIDE.get(table, "district_id")] == side.district.id)


def _plant_passkey(side: Side) -> None:
    """Give a member of a side a passkey, named by the side's word."""
    people = [member.person_id for member in side.members]
    with everything(), transaction():
        owner = session.scalars(select(Account.id).where(Account.person_id.in_(people)).limit(1)).one()
        session.add(
            Passkey(
                account_id=owner,
                credential_id=f"walk-{side.district.code}",
                public_key=b"",
                sign_count=0,
                name=side.marker,
                created_at=clock.now(),
            )
        )


def _nobody(name: str) -> Any:
    return 987_654_321 if name.endswith(".id") else "0" * 26


def ask(browser: Browser, path: str, **more: Any) -> Any:
    """Return an answer, or None where the view raised (the test application lets it through)."""
    try:
        return browser.open(path, **more)
    except Exception:
        session.remove()
        return None


def words(answer: Any) -> str:
    """Return what an answer says, a workbook's sheets and a PDF's pages opened."""
    data: bytes = answer.get_data()
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            return "".join(book.read(name).decode(errors="replace") for name in book.namelist())
    if data.startswith(b"%PDF"):
        # Between Chinese and Latin letters a typesetter leaves room, which is read as a space.
        return "".join("".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(data)).pages)
    return data.decode(errors="replace")


def leaks(walk: Walk, role: str, rules: Iterable[Rule]) -> list[str]:
    """Return the addresses at which a role of the left side reads a word of the right one."""
    left, right = walk.town.left, walk.town.right
    browser, found = walk.browser(role), []
    search = f"q={right.marker}&branch={right.branch.id}&organization={right.branch.id}&text={right.marker}"
    for rule in rules:
        crossed = walk.path(rule, right, at=left)
        for path in dict.fromkeys(
            (f"{walk.path(rule, left)}?{search}", crossed, walk.path(rule, right), f"{crossed}?{search}")
        ):
            for headers in ({}, FRAGMENT):
                answer = ask(browser, path, headers=headers)
                if answer is None:
                    found.append(f"{role} {path}: raised")
                    continue
                # What was typed is said again; nothing else of that word may stand there.
                said = re.sub(rf"{right.marker}(?![0-9n\w])", "", words(answer))
                if answer.status_code >= 500 or right.marker in said:
                    shape = "fragment " if headers else ""
                    found.append(f"{role} {shape}{path}: {answer.status_code}")
    return found


def leaks_by_export(walk: Walk, role: str) -> list[str]:
    """Return the exports in which a role of the left side reads a word of the right one."""
    left, right = walk.town.left, walk.town.right
    found = []
    for rule in exports(walk):
        path = f"{walk.path(rule, left)}?q={right.marker}&branch={right.branch.id}"
        for form in ({"as": "xlsx"}, {"as": "csv", "branch": str(right.branch.id)}):
            answer = ask(walk.browser(role), path, method="POST", data=form)
            if answer is None or answer.status_code >= 500 or right.marker in words(answer):
                found.append(f"{role} {path}")
    return found


def exports(walk: Walk) -> list[Rule]:
    """Return the routes that hand out what a screen shows."""
    return [rule for rule in walk.rules("POST") if "export" in rule.endpoint]


def told_apart(walk: Walk, role: str, rules: Iterable[Rule], method: str) -> list[str]:
    """Return the addresses whose answer tells a foreign record from one that does not exist."""
    left, right = walk.town.left, walk.town.right
    browser, found = walk.browser(role), []
    for rule in rules:
        if not routes.records(rule):
            continue
        foreign = walk.path(rule, right, at=left)
        missing = walk.path(rule, right, at=left, missing=True)
        form = _form(walk) if method == "POST" else None
        answers = [ask(browser, path, method=method, data=form) for path in (foreign, missing)]
        if None in answers:
            found.append(f"{role} {method} {foreign}: raised")
            continue
        statuses = [answer.status_code for answer in answers]
        lengths = [
            len(words(answer).replace(path, ""))
            for answer, path in zip(answers, (foreign, missing), strict=True)
        ]
        if statuses[0] != statuses[1] or statuses[0] in (200, 403) or abs(lengths[0] - lengths[1]) > SLACK:
            found.append(f"{role} {method} {foreign}: {statuses} {lengths}")
    return found


def _form(walk: Walk) -> dict[str, str]:
    right = walk.town.right
    return {
        "_once": "the-walk-goes-on",
        "version": "1",
        "reason": "试一试",
        "answer": "accept",
        "organization": str(right.branch.id),
        "branch": str(right.branch.id),
        "other": right.members[0].uid,
        "way": "x",
        "month": "2026-01",
    }


def classes(walk: Walk, role: str) -> dict[marks.Found, str]:
    """Return every marker a role reads on its own side, and where first: pages, fragments, sheets, files."""
    left = walk.town.left
    browser, found = walk.browser(role), {}
    for rule in walk.rules("GET"):
        path = walk.path(rule, left)
        for address in (path, f"{path}?q={left.marker}"):
            for headers in ({}, FRAGMENT):
                answer = ask(browser, address, headers=headers)
                for one in _markers(answer, left.marker):
                    found.setdefault(one, path)
    for rule in exports(walk):
        path = walk.path(rule, left)
        for kind in ("xlsx", "csv"):
            answer = ask(browser, path, method="POST", data={"as": kind})
            for one in _markers(answer, left.marker):
                found.setdefault(one, path)
    return found


def _markers(answer: Any, side: str) -> set[marks.Found]:
    # A view that raised showed nothing, which proves nothing.
    return {marks.Found(side, 4, "(raised)")} if answer is None else marks.read(words(answer), side)
