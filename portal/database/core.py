"""The declarative base, the session, and the one way to change something: ``transaction()``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, ClassVar

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, Table
from sqlalchemy.orm import DeclarativeBase, Session

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


@contextmanager
def transaction() -> Iterator[Session]:
    """Run one verb as one transaction; a verb called inside another one joins it.

    The outermost one commits, or rolls everything back when an exception leaves it.
    """
    current = session()
    if current.info.get("in_verb"):
        yield current
        return
    current.info["in_verb"] = True
    try:
        yield current
        current.commit()
    except BaseException:
        current.rollback()
        raise
    finally:
        current.info.pop("in_verb", None)


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
    finally:
        reading.reset(token)
