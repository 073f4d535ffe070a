"""Column types with one meaning each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator


class Fen(TypeDecorator[int]):
    """Money as an integer number of fen (1 yuan = 100 fen); floats, bools and strings are refused."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Any) -> Any:
        return _whole_fen

    def process_result_value(self, value: Any, dialect: Any) -> int | None:
        # PostgreSQL adds up bigints as numeric.
        return None if value is None else int(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in Python, UTC in the database. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Any) -> Any:
        return _in_words if dialect.name == "sqlite" else _in_utc

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _whole_fen(value: Any) -> int | None:
    if value is not None and type(value) is not int:
        raise TypeError(f"money is integer fen, not {type(value).__name__}")
    return value


def _in_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise TypeError("an instant must be aware; use portal.clock.now()")
    return value.astimezone(UTC)


def _in_words(value: datetime | None) -> str | None:
    """Write an instant as SQLite keeps it, ``2026-11-22 08:18:11.019577``."""
    # What SQLAlchemy's own type writes, by the one call of the standard library made for it.
    instant = _in_utc(value)
    return None if instant is None else instant.isoformat(" ", "microseconds")[:-6]  # less "+00:00"


#: JSON text on SQLite, JSONB on PostgreSQL.
Json = JSON().with_variant(JSONB(), "postgresql")
