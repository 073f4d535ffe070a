"""Merchant accounts of the demo districts, kept at the payment simulator's side too."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import update

from portal.current import registry
from portal.database import everything, session, transaction
from portal.demo import pingfang, zongyang
from portal.demo.place import Place
from portal.districts import context
from portal.districts.queries import by_code
from portal.payments import accounts
from portal.payments.contract import Flow
from portal.payments.models import MerchantAccount
from portal.payments.purpose import PaymentPurpose
from portal.plugin import DistrictRef

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


def announce() -> None:
    """Enter the accounts before the simulator knows them: the demo's history was paid into them.

    Without keys nobody can pay there; ``connect`` brings them.
    """
    for slug, payee in payees().items():
        place, _, purpose = slug.partition("-")
        district = by_code(_PAYEES[place][0])
        assert district is not None
        ref = context.ref(district.id)
        for provider in _online(ref)[:1]:
            accounts.create_account(
                district_id=ref.id, provider=provider, slug=slug, purpose=purpose, payee_name=payee
            )


def _online(district: DistrictRef) -> list[str]:
    """Return the providers through which people pay by themselves."""
    found: list[str] = []
    for _slug, call in registry().implementers("payment_providers"):
        found += [spec.id for spec in call(district=district) if Flow.OFFLINE not in spec.flows]
    return found


def rest() -> None:
    """Switch the announced accounts off until the simulator is there."""
    announced = MerchantAccount.slug.in_(list(payees())), MerchantAccount.mchid == ""
    session.execute(update(MerchantAccount).where(*announced).values(active=False))


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
        if district is not None:  # a large demo has other districts, where nobody pays online
            accounts.create_account(district_id=district.id, purpose=purpose, **facts)
        return
    if not account.mchid:
        account.active = True
    accounts.replace_secrets(account, version=account.version, secrets=facts["secrets"])
    for name in ("payee_name", "mode", "mchid", "sub_mchid", "appid", "base_url", "settings"):
        setattr(account, name, facts[name])
