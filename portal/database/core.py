"""The declarative base, the session, and the one way to change something: ``transaction()``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ClassVar

from flask.ctx import AppContext
from flask.globals import app_ctx
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, MetaData, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction

# Every constraint has a name, so that batch migrations on SQLite can find it again.
CONVENTION = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Model(DeclarativeBase):
    """Base of every table; plain SQLAlchemy."""

    metadata = MetaData(naming_convention=CONVENTION)
    if TYPE_CHECKING:
        # Every model here is a real table, never a view or a join.
        __table__: ClassVar[Table]


# Objects stay readable after commit: views render what a verb has just committed.
db = SQLAlchemy(metadata=Model.metadata, disable_autonaming=True, session_options={"expire_on_commit": False})
session = db.session

# True while a GET or HEAD is served: such transactions are read only (rule K1).
reading: ContextVar[bool] = ContextVar("reading", default=False)


def is_postgresql() -> bool:
    """Tell whether the portal runs on PostgreSQL (else SQLite)."""
    return db.engine.dialect.name == "postgresql"


def transaction() -> AbstractContextManager[Session]:
    """Run one verb as one transaction; a verb called inside another one joins it.

    The outermost one commits, or rolls everything back when an exception leaves it.
    """
    return _Verb()


class _Verb:
    # A class and not a generator: verbs lie ten deep in one another, and most of them only join.
    __slots__ = ("around", "connection", "context", "current", "outermost", "savepoint")

    def __enter__(self) -> Session:
        joined = _under_way()
        self.outermost = joined is None
        if joined is not None:
            return joined.current
        self.current: Session = session()
        self.context = _context.get(None)
        self.connection: Connection | None = None
        self.savepoint: SessionTransaction | None = None
        self.around = _verb.get()
        _verb.set(self)
        return self.current

    def __exit__(self, kind: type[BaseException] | None, _error: Any, _trace: Any) -> None:
        if not self.outermost:
            return
        current = self.current
        try:
            if kind is None:
                current.commit()
        except BaseException:
            current.rollback()
            raise
        else:
            if kind is not None:
                current.rollback()
        finally:
            _verb.set(self.around)


#: The application context, to which a session belongs.
_context: ContextVar[AppContext] = app_ctx.__wrapped__  # type: ignore[attr-defined]  # typed as what it leads to
#: The verb under way in this thread.
_verb: ContextVar[_Verb | None] = ContextVar("verb", default=None)


def _under_way() -> _Verb | None:
    verb = _verb.get()
    # One of another application context around this one has another session: it is not ours.
    while verb is not None and verb.context is not _context.get(None):
        verb = verb.around
    return verb


def in_verb() -> bool:
    """Tell whether a verb is under way in the session."""
    return _under_way() is not None


def connection() -> Connection:
    """Return the connection of the session, for Core statements; inside a verb it is asked for once."""
    verb = _under_way()
    if verb is None:
        return session().connection()
    # A savepoint begins with the session's first question for the connection inside of it.
    savepoint = verb.current.get_nested_transaction()
    if verb.connection is None or verb.connection.closed or savepoint is not verb.savepoint:
        verb.connection, verb.savepoint = verb.current.connection(), savepoint
    return verb.connection


@contextmanager
def writing() -> Iterator[Session]:
    """Open a separate short write transaction while a GET is being served.

    Only for the three named exceptions of rule K1: last-seen, the audit row of a view, ``/readyz``.
    """
    token = reading.set(False)
    try:
        with Session(db.engine, expire_on_commit=False) as own:
            own.info["separate"] = True
            yield own
            own.commit()
    except DBAPIError as error:
        error.meant_to_write = True  # type: ignore[attr-defined]  # see portal.database.trouble
        raise
    finally:
        reading.reset(token)
