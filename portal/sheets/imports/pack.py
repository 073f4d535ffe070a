"""Cells and values as sealed JSON: days and numbers keep their kind."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from portal import crypto


def dumps(value: Any) -> str:
    """Write cells or values as JSON; a day becomes {"d": ...}, a number {"n": ...}."""
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, Decimal):
        return {"n": str(value)}
    if isinstance(value, dict):
        return {"m": {str(key): _plain(item) for key, item in value.items()}}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def loads(text: str) -> Any:
    """Read what ``dumps`` wrote; a tuple comes back as a list."""
    return _rich(json.loads(text))


def _rich(value: Any) -> Any:
    if isinstance(value, list):
        return [_rich(item) for item in value]
    if isinstance(value, dict):
        if "d" in value:
            return date.fromisoformat(value["d"])
        if "n" in value:
            return Decimal(value["n"])
        return {key: _rich(item) for key, item in value["m"].items()}
    return value


def seal(column: str, uid: str, value: Any) -> bytes:
    """Encrypt cells or values for ``column`` (cells, outcome, before) of the row ``uid``."""
    return crypto.encrypt(f"import_row.{column}_sealed", uid, dumps(value))


def unseal(column: str, uid: str, blob: bytes | None) -> Any:
    """Read what ``seal`` wrote; None stays None."""
    return None if blob is None else loads(crypto.decrypt(f"import_row.{column}_sealed", uid, blob))
