"""The district walk (security.md row 21): no answer of any shape carries a word of the next district.

Generated: routes from the URL map, records from their addresses, marker words from the models. The whole runs
with ``make check-hard``; ``make test`` walks a part of it, and shows with planted faults that it finds them.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import typst
import xlsxwriter
from flask import Flask, abort
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table, select

from portal.config import ROOT
from portal.database import Model, everything, session
from portal.members.models import Member
from portal.testing import World
from portal.web.access import public, requires
from tests.guards import marks, routes, walk
from tests.guards.town import Town, changed, state

PEOPLE = ("visitor", "resident", "member")
#: The most sensitive class a role reads of others (domain.md §9.1, security.md "Data classes").
CLEARANCE = {
    "visitor": 0,
    "resident": 0,
    "member": 1,
    "auditor": 1,
    "deployer": 1,
    "dues_collector": 2,
    "secretary": 2,
    "treasurer": 2,
    "desk": 3,
    "registrar": 3,
    "district_admin": 3,
}
#: What a role reads above that, and why.
ABOVE = {
    "dues_collector": {
        "base_fen": "writes the bases down (dues.assess)",
        "dues_relief.reason": "proposes it",
        "dues_relief.end_reason": "proposed it",
        "dues_relief_step.note": "proposed it",
    },
    "secretary": {
        "base_fen": "writes the bases down (dues.assess)",
        "dues_relief.reason": "the branch decides on it",
        "dues_relief.end_reason": "the branch decides on it",
        "dues_relief_step.note": "the branch decides on it",
    },
    "treasurer": {"base_fen": "approves the bases"},
}


@pytest.fixture
def walked(world: World, app: Flask) -> walk.Walk:
    return walk.Walk(Town(world, app), app)


def everybody(walked: walk.Walk) -> tuple[str, ...]:
    return (*PEOPLE, *walked.town.roles(), "all")


def too_sensitive(walked: walk.Walk, role: str) -> list[str]:
    """Return what a role reads above its class."""
    found = walk.classes(walked, role)
    return sorted(
        f"{role} reads {one.column} (class {one.data_class}) at {where}"
        for one, where in found.items()
        if (one.data_class or 0) > CLEARANCE.get(role, 0) and one.column not in ABOVE.get(role, {})
    )


# --- what the walk stands on ----------------------------------------------------------------------


def test_every_route_says_who_may_call_it_and_what_its_address_names(app: Flask):
    assert routes.unclassified(app) == []


def test_a_planted_route_nobody_classified_is_found(app: Flask):
    app.add_url_rule("/d/<district_code>/x", "web.silent", lambda: "")
    app.add_url_rule("/d/<district_code>/y/<int:thing_id>", "web.thing", public(lambda thing_id: ""))
    found = routes.unclassified(app)
    assert len(found) == 2 and "declares no access" in found[0] and "<thing_id>" in found[1]


def test_every_table_of_a_district_has_a_row_and_every_record_of_an_address_is_there(walked: walk.Walk):
    for side in (walked.town.left, walked.town.right):
        assert marks.empty(side.district.id) == []
        assert walked.lacking(side) == []
    assert walked.unfilled == []


def test_the_words_of_a_new_table_are_marked_by_themselves():
    metadata = MetaData()
    Table("member", metadata, Column("id", Integer, primary_key=True))
    wall = Table(
        "wall_note",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("district_id", Integer),
        Column("member_id", ForeignKey("member.id")),
        Column("body", String(200), info={"class": 3}),
        Column("colour", String(8)),
        CheckConstraint("colour in ('red','blue')"),
    )
    assert [column.name for _table, column in marks.columns(metadata)] == ["body"]
    assert marks.marker("甲密", "wall_note", wall.c.body).startswith("甲密3")


def test_what_may_be_there_once_only_is_marked_apart(walked: walk.Walk):
    """Three guides of one district may not have one name: each has the word, and its own number behind it."""
    guides = Model.metadata.tables["bookings_guide"]
    with everything():
        names = session.scalars(
            select(guides.c.name).where(guides.c.district_id == walked.town.left.district.id)
        ).all()
        session.rollback()
    assert len(set(names)) == len(names) > 1
    wanted = marks.marker(walked.town.left.marker, "bookings_guide", guides.c.name)
    assert all(name.startswith(f"{wanted}-") for name in names)
    assert {one.column for one in marks.read(names[0], walked.town.left.marker)} == {"bookings_guide.name"}


def test_every_exception_names_something_that_is_there(app: Flask):
    """A reason for a column or table that is gone is no reason."""
    tables = {table.name: table for table in marks._scoped(None)}
    for name in (*marks.KEPT, *marks.SEALED, *marks.SHAPES):
        table, _, column = name.partition(".")
        assert column in tables[table].c, name
    assert set(marks.EMPTY) | marks.PUBLIC <= set(tables)
    arguments = {name for rule in app.url_map.iter_rules() for name in rule.arguments}
    assert set(routes.ARGUMENTS) <= arguments
    endpoints = [rule.endpoint for rule in app.url_map.iter_rules()]
    assert all(any(e.startswith(prefix) for e in endpoints) for prefix, _name in routes.BY_ENDPOINT)


# --- a part of it, each time ----------------------------------------------------------------------


def test_a_part_of_the_walk_finds_nothing(walked: walk.Walk):
    for number, role in enumerate(("all", "member")):
        part = list(walked.rules("GET"))[number::4]
        assert walk.leaks(walked, role, part) == []
        assert walk.told_apart(walked, role, part, "GET") == []
        assert walk.told_apart(walked, role, list(walked.rules("POST"))[number::4], "POST") == []
    assert walk.leaks_by_export(walked, "all") == []


def test_a_member_reads_nothing_of_others_and_the_desk_does(walked: walk.Walk):
    assert too_sensitive(walked, "member") == []
    seen = {one.column for one in walk.classes(walked, "registrar")}
    # The markers are real: whoever may read them does.
    assert {"member.remark", "member.address_sealed", "unmatched.question_sealed"} <= seen


# --- the whole ------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.hard
def test_the_whole_walk_finds_nothing(walked: walk.Walk, app: Flask):
    before = state(app, of=walked.town.right)
    found = []
    for role in everybody(walked):
        found += walk.leaks(walked, role, walked.rules("GET"))
        found += walk.leaks_by_export(walked, role)
        for method in ("GET", "POST"):
            found += walk.told_apart(walked, role, walked.rules(method), method)
    assert found == []
    assert changed(before, state(app, of=walked.town.right)) == []


@pytest.mark.long
@pytest.mark.hard
def test_nobody_reads_above_their_class(walked: walk.Walk):
    roles = (*PEOPLE, *walked.town.roles())
    # A new role says what it may read, or it may read nothing of anybody.
    assert [line for role in roles for line in too_sensitive(walked, role)] == []


# --- what it is worth: planted faults ---------------------------------------------------------------


def test_a_planted_view_that_forgets_the_scope_is_found(walked: walk.Walk, app: Flask):
    @requires("core.me")
    def careless(member_id: int) -> str:
        with everything():
            return str(session.scalar(select(Member.name).where(Member.id == member_id)) or abort(404))

    app.add_url_rule("/d/<district_code>/careless/<int:member_id>", "web.careless", careless)
    mine = [rule for rule in walked.rules("GET") if rule.endpoint == "web.careless"]
    assert len(walk.leaks(walked, "resident", mine)) == 6
    assert len(walk.told_apart(walked, "resident", mine, "GET")) == 1


def test_what_is_sealed_is_read_when_a_page_opens_it(walked: walk.Walk):
    """Phone, address: marked under their seal, masked for most, shown in full to the secretary."""
    seen = {one.column for one in walk.classes(walked, "secretary")}
    assert {"member.phone_sealed", "member.address_sealed"} <= seen
    assert not any("_sealed" in one.column for one in walk.classes(walked, "treasurer"))


def typeset(text: str, folder: Path) -> bytes:
    (folder / "said.typ").write_text(text)
    fonts = ROOT / "plugins" / "dues" / "fonts"
    made = typst.compile(str(folder / "said.typ"), font_paths=[str(fonts)], ignore_system_fonts=True)
    assert isinstance(made, bytes)
    return made


@pytest.mark.parametrize("fault", ["status", "length", "raises"])
def test_a_planted_answer_that_tells_foreign_from_missing_is_found(walked: walk.Walk, app: Flask, fault: str):
    @requires("core.me")
    def telling(member_id: int) -> Any:
        with everything():
            known = session.scalar(select(Member.id).where(Member.id == member_id))
        if fault == "status":
            abort(403 if known else 404)
        if fault == "raises" and known:
            raise RuntimeError
        return ("这条登记在别的区。" * 3 if known else ""), 404

    app.add_url_rule("/d/<district_code>/telling/<int:member_id>", "web.telling", telling)
    mine = [rule for rule in walked.rules("GET") if rule.endpoint == "web.telling"]
    assert len(walk.told_apart(walked, "resident", mine, "GET")) == 1


@pytest.mark.parametrize("shape", ["page", "sheet", "pdf", "base"])
def test_a_planted_template_that_prints_a_sensitive_field_is_found(
    walked: walk.Walk, app: Flask, shape: str, tmp_path: Path
):
    @requires("core.members.read")
    def blabbing() -> Any:
        members = session.scalars(select(Member)).all()
        said = " ".join(member.remark for member in members)
        if shape == "base":
            return f"基数{marks.BASE / 100:,.2f}元"
        if shape == "page":
            return said
        if shape == "pdf":
            return typeset(said, tmp_path)
        stream = io.BytesIO()
        book = xlsxwriter.Workbook(stream)
        book.add_worksheet().write_string(0, 0, said)
        book.close()
        return stream.getvalue()

    app.add_url_rule("/d/<district_code>/blabbing", "web.blabbing", blabbing)
    walked.rules = lambda method: iter(  # type: ignore[method-assign]
        rule for rule in app.url_map.iter_rules() if rule.endpoint == "web.blabbing" and method == "GET"
    )
    role = {"base": "desk"}.get(shape, "dues_collector")
    wanted = [] if shape == "base" else ["member.remark"]
    found = too_sensitive(walked, role)
    assert [line.split()[2] for line in found] == wanted
    # What the role may read is read all the same: the walk does not simply see nothing.
    seen = {one.column for one in walk.classes(walked, role)}
    assert seen == ({"base_fen"} if shape == "base" else {"member.remark"})
