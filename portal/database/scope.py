"""The district scope: which districts this piece of work may read, and the one it may write.

It fails closed: no scope means no rows. The gate, the job runner and the CLI set it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, ParamSpec, Protocol, Self, TypeVar, cast

from sqlalchemy import ForeignKey, Integer, Select, bindparam, false, select
from sqlalchemy.event import listens_for
from sqlalchemy.orm import (
    Mapped,
    ORMExecuteState,
    Session,
    declared_attr,
    mapped_column,
    with_loader_criteria,
)

EVERYTHING = "everything"

_read: ContextVar[frozenset[int] | str | None] = ContextVar("read_scope", default=None)
_write: ContextVar[int | str | None] = ContextVar("write_scope", default=None)
_preparing: ContextVar[bool] = ContextVar("preparing", default=False)


P = ParamSpec("P")
Statement = TypeVar("Statement")


class _Filtered(Protocol):
    def where(self, *clauses: Any) -> Self: ...


Narrowed = TypeVar("Narrowed", bound=_Filtered)


class ScopeError(RuntimeError):
    """A row of another district was about to be written."""


class DistrictScoped:
    """Mixin: the row belongs to one district and is invisible from every other.

    The district gets no index here: in one large district it names every row. A table that is read by
    district has an index that begins with it and goes on with what is asked for, or is a small one.
    """

    @declared_attr
    def district_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("district.id"), nullable=False)


@contextmanager
def in_scope(read: Iterable[int], *, write: int | None = None) -> Iterator[None]:
    """Work with read access to the districts ``read`` (ids) and write access to ``write`` only."""
    read_token, write_token = _read.set(frozenset(read)), _write.set(write)
    try:
        yield
    finally:
        _read.reset(read_token)
        _write.reset(write_token)


def set_scope(read: Iterable[int] | None, *, write: int | None = None) -> None:
    """Set the scope of a request; the gate calls it at the start and the end of each one."""
    _read.set(None if read is None else frozenset(read))
    _write.set(write)


@contextmanager
def everything() -> Iterator[None]:
    """Work across all districts: migrations, sealers, recovery, public search. Grep for me."""
    read_token, write_token = _read.set(EVERYTHING), _write.set(EVERYTHING)
    try:
        yield
    finally:
        _read.reset(read_token)
        _write.reset(write_token)


def read_scope() -> frozenset[int] | str | None:
    """Return the ids that may be read, ``EVERYTHING``, or None for nothing."""
    return _read.get()


def write_scope() -> int | str | None:
    """Return the one district that may be written, ``EVERYTHING``, or None."""
    return _write.get()


def criterion(column: Any) -> Any:
    """Return the WHERE clause that keeps ``column`` (a district id) inside the scope, or None."""
    scope = _read.get()
    if scope == EVERYTHING:
        return None
    if not scope:
        return false()
    if _preparing.get():
        if len(scope) == 1:
            return column == bindparam(None, callable_=_the_one, type_=Integer, unique=True)
        return column.in_(bindparam(None, callable_=_allowed, type_=Integer, unique=True, expanding=True))
    if len(scope) == 1:
        return column == next(iter(scope))
    return column.in_(sorted(scope))


def _allowed() -> list[int]:
    scope = _read.get()
    return sorted(scope) if isinstance(scope, frozenset) else []


def _the_one() -> int | None:
    (one,) = _allowed() or (None,)
    return one


#: What ``@prepared`` keeps, so that tests can begin without it.
_every_kept: list[dict[Any, Any]] = []


def prepared(build: Callable[P, Statement]) -> Callable[P, Statement]:
    """Build a statement once and hand it out ever after; what changes are its ``bindparam``s.

    Building one costs five times what running it does. ``criterion()`` and ``rows()`` inside of ``build``
    name the scope by a parameter that is read at each execution, so that a statement built in one
    district's request asks for the rows of the district at hand in the next. There is one statement for
    each kind of scope (none, one district, several, everything) and each set of arguments, which are the
    few forms a statement has ("only the unpaid": yes or no), never values. Core only: no entities.
    """
    kept: dict[Any, Statement] = {}
    _every_kept.append(kept)

    @wraps(build)
    def statement(*form: P.args, **named: P.kwargs) -> Statement:
        wanted = (_kind(_read.get()), form, tuple(named.items()))
        if wanted not in kept:
            token = _preparing.set(True)
            try:
                kept[wanted] = build(*form, **named)
            finally:
                _preparing.reset(token)
        return kept[wanted]

    return statement


def _kind(scope: frozenset[int] | str | None) -> str:
    if isinstance(scope, str):
        return scope
    if not scope:
        return "nothing"
    return "one" if len(scope) == 1 else "several"


def rows(model: type[DistrictScoped], *columns: Any) -> Select[Any]:
    """Start a Core select over a scoped table for hot pages; five times cheaper than entities."""
    table = cast(Any, model).__table__
    return within_scope(select(*(columns or table.columns)), table.c.district_id)


def within_scope(statement: Narrowed, column: Any) -> Narrowed:
    """Keep a Core statement to the rows whose ``column`` (a district id) may be read."""
    where = criterion(column)
    return statement if where is None else statement.where(where)


@listens_for(Session, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    # A Core statement takes no loader criteria: ``rows()`` and ``criterion()`` are its way.
    if not state.is_orm_statement or not (state.is_select or state.is_update or state.is_delete):
        return
    if state.is_column_load or state.is_relationship_load and _read.get() == EVERYTHING:
        return
    scope = _read.get()
    if scope == EVERYTHING:
        return
    state.statement = state.statement.options(_within(tuple(sorted(scope)) if scope else ()))


@lru_cache(maxsize=512)
def _within(allowed: tuple[int, ...]) -> Any:
    """Return the option that keeps every scoped entity of a statement inside ``allowed``; built once each."""
    if not allowed:
        return with_loader_criteria(DistrictScoped, lambda cls: false(), include_aliases=True)
    return with_loader_criteria(
        DistrictScoped, lambda cls: cls.district_id.in_(allowed), include_aliases=True
    )


def require_district(model: type, district_id: Any) -> None:
    """Refuse a row of ``model`` that belongs to another district than the one that may be written.

    Raises: ScopeError.
    """
    scope = _write.get()
    if scope not in (EVERYTHING, district_id):
        raise ScopeError(f"{model.__name__} of district {district_id}, scope {scope}")


@listens_for(Session, "before_flush")
def _refuse_foreign_rows(current: Session, *_: Any) -> None:
    if _write.get() == EVERYTHING:
        return
    for row in (*current.new, *current.dirty, *current.deleted):
        if isinstance(row, DistrictScoped):
            require_district(type(row), row.district_id)
