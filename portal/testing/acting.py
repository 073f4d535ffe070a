"""Who acts when a test calls a verb by itself: the very actor that the gate would find for a request."""

from __future__ import annotations

from portal import clock, crypto
from portal.database import everything, session, transaction
from portal.districts.queries import decisions, ids_of
from portal.identity import loading
from portal.identity.actor import Actor
from portal.identity.models import LoginSession
from portal.plugin import DistrictRef

#: What a form of a test's browser carries.
CSRF_SECRET = "0" * 40


def log_in(account_id: int) -> str:
    """Open a real server-side session, proven by a second factor; return its secret."""
    token, now = crypto.new_token(), clock.now()
    with everything(), transaction():
        session.add(
            LoginSession(
                token_hash=crypto.token_hash(token),
                account_id=account_id,
                created_at=now,
                last_seen_at=now,
                second_factor_at=now,
                factor="totp",
                data={"csrf_token": CSRF_SECRET},
            )
        )
    return token


def actor(token: str, here: DistrictRef) -> Actor:
    """Return who holds a session, with the roles, switches and decisions that hold in a district."""
    with everything():
        loaded = loading.load(token, here.code)
        overrides = decisions(ids_of(here.path), {}).overrides
    return loading.at_district(loaded, here, overrides)
