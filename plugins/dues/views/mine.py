"""Whose pages these are: the member behind the account that is logged in."""

from __future__ import annotations

from flask import abort, g

from ..queries.statement import Statement, statement


def my_statement() -> Statement:
    """Return the statement of whoever is logged in; 404 for an account without a record here."""
    found = statement(g.actor.member_id) if g.actor.member_id is not None else None
    if found is None:
        abort(404)
    return found
