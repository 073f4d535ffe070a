"""A statement kept ready says the same to the database as the library would."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, event, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal import crypto
from portal.audit.models import AuditRow
from portal.database import (
    connection,
    everything,
    glance,
    in_scope,
    in_verb,
    insert_row,
    prepared,
    run_ready,
    session,
    transaction,
    within_scope,
)
from portal.ledger.models import Line
from portal.organizations.models import Organization
from portal.testing import World, queries

AUDIT = AuditRow.__table__
PLACE = Organization.__table__
_ROW = insert(AUDIT)
_PLACE = insert(PLACE)


def row(**more: object) -> dict[str, object]:
    return {
        "uid": crypto.new_uid(),
        "district_id": None,
        "at": datetime(2026, 11, 22, 8, 18, 11, 19577, tzinfo=UTC),
        "actor_id": None,
        "action": "test.act",
        "subject_type": "member",
        "subject_id": "7",
        "detail": {"count": 2, "词": ["党费"]},
        "request_id": None,
        "mac": "0" * 64,
        **more,
    }


def kept(uid: object) -> tuple[object, ...]:
    columns = [column for column in AUDIT.c if column.key not in ("id", "uid")]
    return tuple(connection().execute(select(*columns).where(AUDIT.c.uid == uid)).one())


def raw(uid: object) -> tuple[object, ...]:
    return tuple(
        connection().execute(text("SELECT at, detail FROM audit WHERE uid = :uid"), {"uid": uid}).one()
    )


def test_a_row_is_the_same_to_the_letter(app):
    ours, theirs = row(), row()
    with everything(), transaction():
        run_ready(_ROW, ours)
        connection().execute(_ROW, theirs)
        assert kept(ours["uid"]) == kept(theirs["uid"])
        assert raw(ours["uid"]) == raw(theirs["uid"])


def test_several_rows_in_one_go(app):
    several = [row(subject_id=str(number)) for number in range(3)]
    with everything(), transaction():
        run_ready(_ROW, several)
        assert [kept(one["uid"])[5] for one in several] == ["0", "1", "2"]


def test_columns_left_out_have_their_defaults(world: World):
    here = world.district()
    given = {"district_id": here.id, "kind": "branch", "name": "近处", "path": "x"}
    with in_scope({here.id}, write=here.id), transaction():
        run_ready(_PLACE, given)
        columns = [column for column in PLACE.c if column.key != "id"]
        ours = connection().execute(select(*columns).where(PLACE.c.name == "近处")).one()
        connection().execute(_PLACE, {**given, "name": "远处"})
        theirs = connection().execute(select(*columns).where(PLACE.c.name == "远处")).one()
    assert ours.version == 1
    name = [column.key for column in columns].index("name")
    assert tuple(ours)[:name] + tuple(ours)[name + 1 :] == tuple(theirs)[:name] + tuple(theirs)[name + 1 :]


def test_an_instant_without_a_zone_and_money_as_a_float_are_refused(app):
    with everything(), pytest.raises(TypeError, match="aware"), transaction():
        run_ready(_ROW, row(at=datetime.fromisoformat("2026-11-22")))
    line = {"entry_id": 1, "position": 0, "district_id": 1, "account_id": 1, "amount_fen": 0.5}
    with everything(), pytest.raises(TypeError, match="fen"), transaction():
        run_ready(insert(Line.__table__), line)


def test_a_constraint_is_told_in_the_librarys_words(world: World):
    here = world.district()
    with in_scope({here.id}, write=here.id), pytest.raises(IntegrityError), transaction():
        run_ready(_PLACE, {"district_id": here.id, "kind": "branch", "name": None, "path": "x"})


def test_neither_an_error_nor_a_log_carries_what_was_to_be_written(world: World):
    here = world.district()
    named = {"district_id": here.id, "kind": "branch", "name": None, "path": "不该出现的话"}
    with in_scope({here.id}, write=here.id):
        for run in (lambda: run_ready(_PLACE, named), lambda: connection().execute(_PLACE, named)):
            with pytest.raises(IntegrityError) as told, transaction():
                run()
            assert "NOT NULL" in str(told.value).upper().replace("-", " ")
            assert "不该出现的话" not in str(told.value)


def test_a_connection_that_is_gone_is_given_up_and_the_next_verb_has_another(app):
    held = row()
    with everything():
        with pytest.raises(DBAPIError) as told, transaction():
            connection().connection.driver_connection.close()
            run_ready(_ROW, row())
        assert told.value.connection_invalidated
        with transaction():
            run_ready(_ROW, held)
        assert connection().execute(select(AUDIT.c.uid)).scalars().all() == [held["uid"]]
        session.rollback()


@pytest.mark.parametrize("when", ["before", "while it runs"])
def test_a_connection_that_goes_is_told_in_the_librarys_words(app, when):
    def cut(connection, *_):
        connection.connection.driver_connection.close()

    with everything(), glance() as at:
        if when == "before":
            cut(at)
        else:
            event.listen(at.engine, "before_cursor_execute", cut)
        try:
            with pytest.raises(DBAPIError) as told:
                run_ready(_OF, {"uid": "nobody"}, at=at)
        finally:
            if when != "before":
                event.remove(at.engine, "before_cursor_execute", cut)
        assert told.value.connection_invalidated and at.invalidated


def test_whoever_listens_to_the_library_hears_these_statements_too(app):
    with everything(), queries() as seen, transaction():
        run_ready(_ROW, row())
        run_ready(_ROW, [row(), row()])
    assert [statement.split("(")[0] for statement in seen] == ["INSERT INTO audit "] * 2


_OF = select(AUDIT.c.id, AUDIT.c.at, AUDIT.c.detail, AUDIT.c.actor_id).where(AUDIT.c.uid == bindparam("uid"))


def test_a_row_is_read_as_the_library_reads_it(app):
    written = row()
    with everything(), transaction():
        key = insert_row(AuditRow, **written)
        found = run_ready(_OF, {"uid": written["uid"]})
        assert found.one() == tuple(connection().execute(_OF, {"uid": written["uid"]}).one())
        assert found.one() == (key, written["at"], written["detail"], None)
        nobody = run_ready(_OF, {"uid": "nobody"})
        assert (nobody.one(), nobody.value()) == (None, None)


@prepared
def _called():
    found = within_scope(update(PLACE), PLACE.c.district_id).where(PLACE.c.id == bindparam("which"))
    return found.values(office_phone=bindparam("new_phone"))


def test_the_scope_is_asked_at_each_execution(world: World):
    here, there = world.district(), world.district()
    own, foreign = world.organization(here), world.organization(there)
    session.expunge_all()
    for district, wanted in ((here, [1, 0]), (there, [0, 1])):
        with in_scope({district.id}, write=district.id), transaction():
            named = [{"which": place.id, "new_phone": "2"} for place in (own, foreign)]
            assert [run_ready(_called(), one).touched for one in named] == wanted


def test_what_it_cannot_keep_ready_it_refuses(world: World):
    several = update(PLACE).where(PLACE.c.id.in_(bindparam("ids", expanding=True))).values(kind="branch")
    with everything(), pytest.raises(TypeError, match="execute"), transaction():
        run_ready(several, {"ids": [1]})
    with everything(), pytest.raises(KeyError, match="new_phone"), transaction():
        run_ready(_called(), {"which": 1})


def test_a_verb_that_fails_in_between_leaves_nothing_and_the_next_one_works(app):
    lost, held = row(), row()
    with everything():
        with pytest.raises(RuntimeError), transaction():
            run_ready(_ROW, lost)
            with transaction():
                raise RuntimeError("planted")
        with transaction():
            run_ready(_ROW, lost)
            session.rollback()  # the connection at hand is given back with it
            run_ready(_ROW, held)
        assert connection().execute(select(AUDIT.c.uid)).scalars().all() == [held["uid"]]
        session.rollback()


def test_a_savepoint_taken_back_takes_its_rows_along(app):
    inner, outer, after = row(), row(), row()
    with everything(), transaction() as current:
        run_ready(_ROW, outer)
        with pytest.raises(RuntimeError), current.begin_nested():
            run_ready(_ROW, inner)
            raise RuntimeError("planted")
        run_ready(_ROW, after)
        found = set(connection().execute(select(AUDIT.c.uid)).scalars())
    assert found == {outer["uid"], after["uid"]}


def test_a_statement_of_another_context_does_not_join_the_verb_around_it(app):
    with everything(), transaction():
        with app.app_context():
            inner = connection()
            session.rollback()
        assert connection() is not inner


def test_a_verb_of_another_context_is_not_this_ones(app):
    """A verb in a second application context commits by itself, and the first one goes on."""
    inner, outer = row(), row()
    with everything(), transaction() as first:
        assert in_verb()
        with app.app_context():
            assert not in_verb() and session() is not first
        assert in_verb()
        run_ready(_ROW, outer)
    with everything(), transaction(), app.app_context(), pytest.raises(RuntimeError), transaction():
        run_ready(_ROW, inner)
        raise RuntimeError("planted")
    assert not in_verb()
    with everything():
        assert connection().execute(select(AUDIT.c.uid)).scalars().all() == [outer["uid"]]
