"""The verbs: notify a person, send a code to a number, mark as read, choose how to hear of things, resend."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock, crypto, jobs
from portal.database import Conflict, connection, insert_row, is_postgresql, run_ready, session, transaction
from portal.notices import templates
from portal.notices.models import Delivery, Notice, Preference

_PREFERENCE: Any = Preference.__table__
_CHOSEN = select(_PREFERENCE.c.kinds).where(_PREFERENCE.c.account_id == bindparam("account_id"))

JOB = "notices.deliver"
URGENT, ORDINARY = 1, 7
#: Instead of a channel's key: the message waits in the portal and nothing is sent.
INSIDE = "inside"


def notify(
    template: str,
    *,
    account_id: int,
    district_id: int | None,
    params: Mapping[str, Any] | None = None,
    url: str = "",
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
    outward: bool = True,
) -> int | None:
    """Tell a person something, in the caller's transaction; return the notice's id.

    With a ``dedupe_key`` used before nothing happens and None comes back. ``outward=False`` leaves a row in
    the portal only. ``url`` is a local path. Raises LookupError for an undeclared template.
    """
    known = templates.get(template)
    values = {name: str(value) for name, value in (params or {}).items()}
    with transaction():
        made = run_ready(
            _new(is_postgresql()),
            {
                "account_id": account_id,
                "district_id": district_id,
                "template": template,
                "params": values,
                "url": url,
                "dedupe_key": dedupe_key,
                "created_at": clock.now(),
            },
        )
        notice_id: int | None = made.value()
        if notice_id is None or not outward or _stays_inside(known, account_id):
            return notice_id
        out = {name: value for name, value in values.items() if name in known.placeholders()}
        _deliver(
            known,
            out,
            notice_id=notice_id,
            account_id=account_id,
            district_id=district_id,
            url=url,
            not_before=not_before,
        )
    return notice_id


@cache
def _new(on_postgresql: bool) -> Any:
    dialect = postgresql if on_postgresql else sqlite
    table: Any = Notice.__table__
    row = dialect.insert(table).on_conflict_do_nothing(index_elements=["dedupe_key"])
    return row.returning(table.c.id)


def _stays_inside(template: templates.Template, account_id: int) -> bool:
    # The channel may have been switched off since; what must be said is said all the same.
    return not templates.KINDS[template.kind].always and chosen(account_id).get(template.kind) == INSIDE


def send_to_phone(
    template: str,
    *,
    phone: str,
    params: Mapping[str, Any],
    district_id: int | None = None,
    expires_at: datetime | None = None,
) -> int:
    """Send a message to a number, known to us or not, in the caller's transaction; return the delivery's id.

    Number and values are stored encrypted and wiped when the message has gone or expired.
    """
    values = {name: str(value) for name, value in params.items()}
    with transaction():
        return _deliver(
            templates.get(template), values, phone=phone, district_id=district_id, expires_at=expires_at
        )


def _deliver(
    template: templates.Template,
    params: Mapping[str, str],
    *,
    phone: str | None = None,
    not_before: datetime | None = None,
    **values: Any,
) -> int:
    uid = crypto.new_uid()
    sealed = crypto.encrypt("notice_delivery.params", uid, json.dumps(params))
    number = None if phone is None else crypto.encrypt("notice_delivery.phone", uid, phone)
    delivery_id = insert_row(
        Delivery,
        uid=uid,
        template=template.key,
        phone_sealed=number,
        params_sealed=sealed,
        state="waiting",
        tried=[],
        created_at=clock.now(),
        **values,
    )
    jobs.enqueue(
        JOB,
        {"delivery": delivery_id},
        dedupe_key=f"{delivery_id}:1",
        not_before=not_before,
        priority=URGENT if template.urgent else ORDINARY,
    )
    return delivery_id


def resend(delivery_id: int) -> None:
    """Send a message of unknown or failed outcome once more, because a person decided so.

    Raises Conflict when it is in another state or its content is wiped already.
    """
    with transaction():
        found = update(Delivery).where(
            Delivery.id == delivery_id,
            Delivery.state.in_(("unknown", "failed")),
            Delivery.params_sealed.is_not(None),
        )
        done: Any = session.execute(found.values(state="waiting", tried=[], reason=""))
        if not done.rowcount:
            raise Conflict()
        # The first job is done or dead; this is new work and says who is to do it by a new key.
        jobs.enqueue(JOB, {"delivery": delivery_id}, dedupe_key=f"{delivery_id}:{crypto.new_uid()}")


def mark_read(notice_ids: Sequence[int], *, account_id: int) -> int:
    """Mark a person's own notices as read; somebody else's are left alone."""
    with transaction():
        mine = update(Notice).where(
            Notice.id.in_(notice_ids), Notice.account_id == account_id, Notice.read_at.is_(None)
        )
        done: Any = session.execute(mine.values(read_at=clock.now()))
    return int(done.rowcount)


def choose(kinds: Mapping[str, str], *, account_id: int) -> None:
    """Remember how a person wants to hear of each kind: a channel's key, or INSIDE; not named: by itself.

    Raises ValueError for an unknown kind, and for one that is always sent and should stay inside.
    """
    for kind, way in kinds.items():
        if kind not in templates.KINDS or (way == INSIDE and templates.KINDS[kind].always):
            raise ValueError(f"{kind}: {way}")
    with transaction():
        session.execute(delete(Preference).where(Preference.account_id == account_id))
        if kinds:
            session.execute(insert(Preference).values(account_id=account_id, kinds=dict(kinds)))


def chosen(account_id: int | None) -> dict[str, str]:
    """Return what a person chose, by kind; kinds not in it go their own way."""
    if account_id is None:
        return {}
    found = connection().execute(_CHOSEN, {"account_id": account_id}).scalar()
    return dict(found or {})


def forget_told(account_id: int) -> None:
    """Take away what somebody was told and chose, in the caller's transaction; that they were told stays.

    What has not gone out yet goes nowhere any more; what failed is not sent again.
    """
    told = update(Notice).where(Notice.account_id == account_id)
    session.execute(told.values(params={}, url=""))
    session.execute(delete(Preference).where(Preference.account_id == account_id))
    session.execute(update(Delivery).where(Delivery.account_id == account_id).values(**wiped()))


def forget_numbers(indexes: Collection[str]) -> None:
    """Take away what failed to reach these numbers (blind indexes) and names no account.

    Joins the caller's transaction. What still waits for the number may be for somebody else who has it.
    """
    stuck = select(Delivery.id, Delivery.uid, Delivery.phone_sealed).where(
        Delivery.state.in_(("unknown", "failed")), Delivery.phone_sealed.is_not(None)
    )
    theirs = []
    for number, uid, sealed in session.execute(stuck):
        assert sealed is not None  # the query's own condition
        try:
            said = crypto.decrypt("notice_delivery.phone", uid, sealed)
        except crypto.CryptoError:
            continue  # sealed under a key that is gone: nobody reads it
        if crypto.blind_index("phone", said) in indexes:
            theirs.append(number)
    session.execute(update(Delivery).where(Delivery.id.in_(theirs)).values(**wiped()))


def wiped() -> dict[str, Any]:
    """Return what is left of deliveries that go nowhere any more: that there was one, and how it ended."""
    return {
        "params_sealed": None,
        "phone_sealed": None,
        "url": "",
        "reason": "",
        "state": case((Delivery.state == "waiting", "expired"), else_=Delivery.state),
        "ended_at": func.coalesce(Delivery.ended_at, clock.now()),
    }
