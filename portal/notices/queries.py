"""What waits for a person, and which messages did not arrive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from portal.database import session
from portal.database.scope import within_scope
from portal.notices import templates
from portal.notices.models import Delivery, Notice

_NOTICE: Any = Notice.__table__
_UNREAD = (
    select(func.count())
    .select_from(_NOTICE)
    .where(_NOTICE.c.account_id == bindparam("account_id"), _NOTICE.c.read_at.is_(None))
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A notice as the portal shows it to its person."""

    id: int
    #: Inside, the outward title ("you have a message") says nothing: the kind says more.
    about: Any
    title: str
    text: str
    url: str
    at: datetime
    read: bool


def inbox(
    account_id: int, *, unread: bool = False, before: int | None = None, limit: int = 20
) -> list[Shown]:
    """Return a person's newest notices; ``before`` is the last id of the page above."""
    columns = (Notice.id, Notice.template, Notice.params, Notice.url, Notice.created_at, Notice.read_at)
    found = select(*columns).where(Notice.account_id == account_id)
    if unread:
        found = found.where(Notice.read_at.is_(None))
    if before is not None:
        found = found.where(Notice.id < before)
    return [_shown(row) for row in session.execute(found.order_by(Notice.id.desc()).limit(limit))]


def _shown(row: Any) -> Shown:
    try:
        template = templates.get(row.template)
        title = templates.fill(template.title, row.params)
        about = templates.KINDS[template.kind].label
        text = templates.told(template, row.params)
    except (LookupError, KeyError):  # its plugin is gone
        about, title, text = row.template, row.template, ""
    return Shown(
        id=row.id, about=about, title=title, text=text, url=row.url, at=row.created_at, read=bool(row.read_at)
    )


def unread_count(account_id: int) -> int:
    """Count a person's unread notices."""
    return int(session.execute(_UNREAD, {"account_id": account_id}).scalar_one())


def stuck(*, limit: int = 50) -> Sequence[Any]:
    """Return the newest messages in scope that did not arrive or may not have: state, channel, reason.

    Only what is ``whole`` can be sent again: of the others nobody knows any more what they said.
    """
    columns = (Delivery.id, Delivery.district_id, Delivery.template, Delivery.state, Delivery.channel)
    whole = Delivery.params_sealed.is_not(None).label("whole")
    found = select(*columns, Delivery.reason, Delivery.created_at, whole)
    found = found.where(Delivery.state.in_(("unknown", "failed")))
    found = within_scope(found, Delivery.district_id)
    return session.execute(found.order_by(Delivery.id.desc()).limit(limit)).all()
