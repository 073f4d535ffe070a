"""The demo's channel: everything that would have been sent. Never in production."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from portal import clock
from portal.database import session, transaction
from portal.notices.models import DemoMessage
from portal.plugin import Channel, DistrictRef, Message
from portal.words import lazy_gettext as _l


def send(message: Message, district: DistrictRef | None) -> str:
    """Write the message where the demo shows it."""
    with transaction():
        session.execute(
            insert(DemoMessage).values(
                at=clock.now(),
                phone=message.phone,
                title=message.title,
                body=message.body,
                url=message.url,
            )
        )
    return "sent"


CHANNEL = Channel(key="demo", label=_l("演示发件箱"), send=send, order=0)


def messages(phone: str = "", *, limit: int = 50) -> list[Any]:
    """Return the newest demo messages, of one number if named."""
    found = select(DemoMessage.id, DemoMessage.at, DemoMessage.phone, DemoMessage.title, DemoMessage.body)
    found = found.add_columns(DemoMessage.url)
    if phone:
        found = found.where(DemoMessage.phone == phone)
    return list(session.execute(found.order_by(DemoMessage.id.desc()).limit(limit)))
