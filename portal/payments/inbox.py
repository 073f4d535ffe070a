"""Keep every callback: the good ones whole, the bad ones as far as needed to see what they were."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock
from portal.database import is_postgresql, run_ready, session, transaction
from portal.payments.contract import Notification
from portal.payments.models import PaymentInbox

log = logging.getLogger(__name__)

# Nobody fills the disk from outside: what comes beyond this is only logged.
REJECTED_PER_HOUR = 200
_KEEP_REJECTED = 2048
_TABLE: Any = PaymentInbox.__table__
_SEEN_AGAIN = (
    update(_TABLE)
    .where(
        _TABLE.c.provider == bindparam("the_provider"),
        _TABLE.c.account_slug == bindparam("the_account_slug"),
        or_(
            _TABLE.c.notify_id == bindparam("the_notify_id"),
            (_TABLE.c.raw_sha256 == bindparam("the_raw_sha256")) & (_TABLE.c.status == "accepted"),
        ),
    )
    .values(times=_TABLE.c.times + 1, last_at=bindparam("the_now"))
)


def accept(notification: Notification, *, account: Any, body: bytes) -> None:
    """Write down a verified callback; a copy of a known one only counts up."""
    now = clock.now()
    mine = {"provider": account.provider, "account_slug": account.slug}
    named = {"notify_id": notification.notify_id or None, "raw_sha256": notification.raw_sha256}
    # Either unique key says that it is a copy; on PostgreSQL the copy waits here for the first one's end.
    written = run_ready(
        _new(is_postgresql()),
        {
            **mine,
            **named,
            "district_id": account.district_id,
            "status": "accepted",
            "reason": "",
            "times": 1,
            "event": notification.event[:40],
            "size": len(body),
            "body": body,
            "received_at": now,
            "last_at": now,
        },
    )
    if written.value() is None:
        again = {**mine, **named, "now": now}
        run_ready(_SEEN_AGAIN, {f"the_{name}": value for name, value in again.items()})


@cache
def _new(on_postgresql: bool) -> Any:
    dialect = postgresql if on_postgresql else sqlite
    return dialect.insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.id)


def reject(*, provider: str, slug: str, district_id: int | None, reason: str, body: bytes) -> None:
    """Write down a callback that proves nothing; what it claims to be is not looked at."""
    now = clock.now()
    digest = hashlib.sha256(body).hexdigest()
    rejected = _TABLE.c.status == literal_column("'rejected'")  # as the index says it
    mine = (_TABLE.c.provider == provider) & (_TABLE.c.account_slug == slug) & rejected
    with transaction():
        counted: Any = session.execute(
            update(_TABLE)
            .where(mine, _TABLE.c.raw_sha256 == digest)
            .values(times=_TABLE.c.times + 1, last_at=now, reason=reason[:40])
        )
        if counted.rowcount:
            return
        recent = select(func.count()).where(mine, _TABLE.c.received_at > now - timedelta(hours=1))
        if (session.scalar(recent) or 0) >= REJECTED_PER_HOUR:
            log.warning("rejected callback of %s/%s not kept: too many", provider, slug)
            return
        session.add(
            PaymentInbox(
                provider=provider,
                account_slug=slug,
                district_id=district_id,
                raw_sha256=digest,
                status="rejected",
                reason=reason[:40],
                size=len(body),
                body=body[:_KEEP_REJECTED],
                received_at=now,
                last_at=now,
            )
        )
