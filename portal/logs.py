"""Logs: one JSON line an event in production, readable lines elsewhere; never personal data.

Every line carries the request's id, the district and the account's id. Phone numbers, national ids and
tokens that slip into a message are struck out before anything is written (security.md rows 32, ASVS 16.2).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, g, has_app_context

_HANDLER = "portal"
#: 18-character ids, 11-digit phones, long random tokens, and 128 bits as the links of calendars write them.
_SECRET = re.compile(
    r"(?<![0-9A-Za-z])(?:\d{17}[\dXx]|1\d{10}|[A-Za-z0-9_-]{40,}|[0-9a-f]{32})(?![0-9A-Za-z])", re.ASCII
)
#: PostgreSQL shows the row that failed, in the server's language: a word, a colon, two blanks, all its lines.
_ROW = re.compile(r"(?ms)^(\S{1,20}[:：])  .*?(?=\n\[SQL: |\n\nThe above |\n\nDuring |\Z)")


def configure(app: Flask) -> None:
    """Route the standard loggers of portal, plugins and libraries through one formatter, once a process."""
    root = logging.getLogger()
    root.handlers = [known for known in root.handlers if known.get_name() != _HANDLER]
    production = app.config["ENV_NAME"] == "production"
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _whereabouts,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _strike_out,
            structlog.processors.JSONRenderer(ensure_ascii=False)
            if production
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(_HANDLER)
    handler.setFormatter(formatter)
    root.addHandler(handler)
    if root.level == logging.WARNING:
        root.setLevel(logging.INFO)
    # Constraint failures are expected where a unique key decides: psycopg's pipeline need not shout.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    app.logger.propagate = True
    app.logger.handlers = []


def _whereabouts(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Add who and where by number: request id, district code, account id."""
    if not has_app_context():
        return event
    if "request_id" in g:
        event["request_id"] = g.request_id
    district, actor = g.get("district"), g.get("actor")
    if district is not None:
        event["district"] = district.code
    if actor is not None and actor.account_id is not None:
        event["account"] = actor.account_id
    return event


def _strike_out(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str) and name not in {"timestamp", "request_id"}:
            # Line breaks inside a message would let it pass for two lines.
            text = _ROW.sub(r"\1 [struck out]", value)
            if name != "exception":
                text = text.replace("\r", "\\r").replace("\n", "\\n")
            event[name] = _SECRET.sub("[struck out]", text)
    return event
