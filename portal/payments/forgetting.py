"""How a payer was reached is no book and goes. The money and whose it was stay (domain.md §9.2)."""

from __future__ import annotations

from sqlalchemy import or_, select, update

from portal.database import session
from portal.identity.models import Account
from portal.members.forgetting import also
from portal.members.models import Member
from portal.payments.models import OPEN, PaymentAttempt


@also
def payer(member: Member) -> None:
    """Empty the payer's id at the channel, network address and what their browser was told to do."""
    account = select(Account.id).where(Account.person_id == member.person_id).scalar_subquery()
    theirs = or_(PaymentAttempt.member_id == member.id, PaymentAttempt.payer_account_id == account)
    session.execute(
        update(PaymentAttempt)
        .where(theirs, PaymentAttempt.state.not_in(OPEN))
        .values(openid_sealed=None, client_ip="", instruction=None, version=PaymentAttempt.version + 1)
    )
