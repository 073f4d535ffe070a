"""Begin to pay: one form is one attempt, and never two orders at once for one member and purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.exc import IntegrityError

from portal import audit, clock, crypto
from portal.database import Conflict, prepared, rows, session, transaction
from portal.members import delegations
from portal.payments import numbers, purposes
from portal.payments.calling import queue
from portal.payments.contract import Flow
from portal.payments.models import OPEN, MerchantAccount, PaymentAttempt
from portal.payments.purpose import PayLine
from portal.payments.settling import close_attempt
from portal.words import gettext

#: How long an order may be paid. The channel's own limit is two hours.
VALID = timedelta(minutes=60)
#: An order this close to its end is not handed out again.
ENOUGH_TIME = timedelta(minutes=5)


class AlreadyPaid(Exception):
    """An earlier attempt for some of these lines turned out to be paid."""

    def __init__(self, attempt: PaymentAttempt) -> None:
        super().__init__(attempt.uid)
        self.attempt = attempt


class StillOpen(Exception):
    """An earlier attempt may still be paid: the channel has not confirmed its end."""

    def __init__(self, attempt: PaymentAttempt) -> None:
        super().__init__(attempt.uid)
        self.attempt = attempt


def start_attempt(
    *,
    account: MerchantAccount,
    member_id: int,
    lines: Sequence[PayLine],
    flow: Flow,
    form_token: str,
    payer_account_id: int | None,
    client_ip: str = "",
    acting: delegations.Acting | None = None,
) -> PaymentAttempt:
    """Write down that somebody is about to pay ``lines`` for a member, and return the attempt.

    The same form sent again, or the same lines asked for again while they can still be paid, is the same
    attempt. A different one is allowed only when the channel has confirmed the end of every older one.

    ``acting``: the payer is a helper. The delegation is held while the attempt is written, so that whoever
    revokes is either before it (and nothing begins) or after it (and the money, if it comes, is taken).

    Raises: PurposeRefused, AlreadyPaid, StillOpen; Conflict (same form, other content); ValueError;
        delegations.NoLonger.
    """
    if acting is not None and (acting.member_id, acting.account_id) != (member_id, payer_account_id):
        raise ValueError("a helper pays for the member of the delegation, and nobody else")
    _check_lines(lines)
    for _ in range(3):
        try:
            found = _insert(account, member_id, lines, flow, form_token, payer_account_id, client_ip, acting)
        except IntegrityError:
            continue  # the same form or another one was faster; now it is found
        if not isinstance(found, _Older):
            return found
        older = close_attempt(found.attempt)
        if older.state == "paid":
            raise AlreadyPaid(older)
        if older.state in OPEN:
            raise StillOpen(older)
    raise Conflict(gettext("您的另一次缴费刚刚开始。请稍等几秒，再点一次。"))


class _Older:
    def __init__(self, attempt: PaymentAttempt) -> None:
        self.attempt = attempt


def _insert(
    account: MerchantAccount,
    member_id: int,
    lines: Sequence[PayLine],
    flow: Flow,
    form_token: str,
    payer_account_id: int | None,
    client_ip: str,
    acting: delegations.Acting | None,
) -> PaymentAttempt | _Older:
    # Hashed: the key comes from a browser, its length and characters are not ours to choose.
    form_token = crypto.token_hash(form_token)
    wanted = [{"reference": line.reference, "amount_fen": line.amount_fen} for line in lines]
    with transaction() as current:
        if acting is not None:
            delegations.hold(acting)
        same = current.scalar(select(PaymentAttempt).where(PaymentAttempt.form_token == form_token))
        if same is not None:
            if (same.member_id, same.account_id, same.lines) != (member_id, account.id, wanted):
                raise Conflict(
                    gettext("这张表刚才已经提交过，内容和这次不一样。请刷新页面再填。"), current=same
                )
            return same
        purpose = account.purpose
        older = current.scalar(
            select(PaymentAttempt).where(
                PaymentAttempt.member_id == member_id,
                PaymentAttempt.purpose == purpose,
                PaymentAttempt.state.in_(OPEN),
            )
        )
        if older is not None:
            usable = older.state != "closing" and older.expires_at > clock.now() + ENOUGH_TIME
            alike = (older.account_id, older.flow, older.lines) == (account.id, flow.value, wanted)
            mine = older.payer_account_id == payer_account_id
            return older if usable and alike and mine else _Older(older)
        known = purposes.purpose_of(purpose)
        known.check(member_id=member_id, lines=tuple(lines))
        now, uid = clock.now(), crypto.new_uid()
        made = PaymentAttempt(
            uid=uid,
            district_id=account.district_id,
            account_id=account.id,
            out_trade_no=numbers.out_trade_no(account.district_id),
            form_token=form_token,
            purpose=purpose,
            member_id=member_id,
            payer_account_id=payer_account_id,
            lines=wanted,
            amount_fen=sum(line.amount_fen for line in lines),
            flow=flow.value,
            state="new",
            late=False,
            description="",
            client_ip=client_ip,
            created_at=now,
            expires_at=(now + VALID).replace(microsecond=0),
        )
        made.description = str(known.describe(purposes.attempt_info(made)).channel_text)[:127]
        current.add(made)
        current.flush()
        audit.record(
            "payments.start",
            ("payment_attempt", made.id),
            actor=payer_account_id,
            district=account.district_id,
            detail={"lines": len(wanted), "flow": flow.value},
        )
        if acting is not None:
            delegations.note(acting, made.uid)
        # Written with the attempt: whatever crashes later, somebody asks and closes.
        queue("payments.expire", made, "end", made.expires_at + timedelta(seconds=10))
        return made


def _check_lines(lines: Sequence[PayLine]) -> None:
    if not lines or len({line.reference for line in lines}) != len(lines):
        raise ValueError("pay one line or more, each once")
    if any(type(line.amount_fen) is not int or line.amount_fen <= 0 for line in lines):
        raise ValueError("a line is a positive number of fen")


@dataclass(frozen=True, slots=True)
class Underway:
    """A payment nobody knows the end of yet: its page and its sum in fen."""

    uid: str
    amount_fen: int


def underway(*, member_id: int, purpose: str) -> Underway | None:
    """Return the payment that somebody may be making for this member right now; there is at most one."""
    found = session.execute(_underway(), {"member_id": member_id, "purpose": purpose}).first()
    return Underway(uid=found.uid, amount_fen=found.amount_fen) if found else None


@prepared
def _underway() -> Select[Any]:
    table: Any = PaymentAttempt.__table__.c
    return rows(PaymentAttempt, table.uid, table.amount_fen).where(
        table.member_id == bindparam("member_id"),
        table.purpose == bindparam("purpose"),
        table.state.in_(OPEN),
    )


def has_open_attempt(*, member_id: int, purpose: str) -> bool:
    """Tell whether somebody may be paying for this member right now."""
    return underway(member_id=member_id, purpose=purpose) is not None
