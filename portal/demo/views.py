"""What the demo would have sent, and the codes of the programs on phones nobody has. In the demo only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from sqlalchemy import select

from portal.database import session
from portal.identity import addresses, people, totp
from portal.identity.factor_models import Totp
from portal.identity.models import Account
from portal.notices.demo import messages
from portal.web.access import public
from portal.web.htmx import render

demo = Blueprint("demo", __name__)


@demo.get("/demo/outbox")
@public
def outbox() -> Any:
    """Show both, of one number if asked for; as JSON with ``?format=json`` or ``?format=totp``."""
    phone = people.tidy_phone(request.args.get("phone", ""))
    if request.args.get("format") == "totp":
        return _codes(phone)
    found = messages(phone)
    if request.args.get("format") == "json":
        return [{"phone": row.phone, "title": row.title, "body": row.body, "url": row.url} for row in found]
    return render("demo/outbox.html", messages=found, codes=_codes(phone))


def _codes(phone: str) -> list[dict[str, str]]:
    holders = select(Account).join(Totp, Totp.account_id == Account.id).where(Totp.secret_sealed.is_not(None))
    found = [
        {
            "name": one.display_name,
            "username": one.username or "",
            "phone": addresses.phone_of(one.uid, one.phone_sealed),
            "code": totp.code_now(one.id) or "",
        }
        for one in session.scalars(holders.order_by(Account.id).limit(50))
    ]
    return [one for one in found if phone in {"", one["phone"]}]
