"""Merchant accounts of the demo districts, kept at the payment simulator's side too."""

from __future__ import annotations

import json
from typing import Any

from portal.current import registry
from portal.database import everything, transaction
from portal.demo import pingfang, zongyang
from portal.demo.place import Place
from portal.districts.queries import by_code
from portal.payments import accounts
from portal.payments.purpose import PaymentPurpose

#: Who receives the money, in full, as the payer sees it.
_PAYEES = {
    "kfq": (zongyang.CODE, "枞阳经济开发区党工委（演示收款）"),
    "pf": (pingfang.CODE, "平房区非公企业党工委（演示收款）"),
}


def purposes() -> list[str]:
    """Return what can be paid for in this installation."""
    return sorted(service.key for _slug, service in registry().services if service.protocol is PaymentPurpose)


def payees() -> dict[str, str]:
    """Return slug and payee of every merchant account: one for each district and purpose."""
    return {f"{place}-{purpose}": payee for place, (_, payee) in _PAYEES.items() for purpose in purposes()}


def connect(here: Place) -> None:
    """Write the simulator's merchants into the districts; its address may differ from the last start."""
    found = json.loads((here.simulator / "merchants.json").read_text(encoding="utf-8"))
    with everything(), transaction():
        for facts in found:
            place, _, purpose = facts["slug"].partition("-")
            if place in _PAYEES and purpose in purposes():
                _write(facts, _PAYEES[place][0], purpose)


def _write(facts: dict[str, Any], code: str, purpose: str) -> None:
    account = accounts.by_slug(facts["provider"], facts["slug"])
    if account is None:
        district = by_code(code)
        assert district is not None
        accounts.create_account(district_id=district.id, purpose=purpose, **facts)
        return
    accounts.replace_secrets(account, version=account.version, secrets=facts["secrets"])
    for name in ("payee_name", "mode", "mchid", "sub_mchid", "appid", "base_url", "settings"):
        setattr(account, name, facts[name])
