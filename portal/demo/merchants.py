"""Merchant accounts of the demo districts, kept at the payment simulator's side too."""

from __future__ import annotations

import json
from typing import Any

from portal.database import everything, transaction
from portal.demo import pingfang, zongyang
from portal.demo.place import Place
from portal.districts.queries import by_code
from portal.payments import accounts

#: Slug of each merchant account, and the payee whose full name the payer sees.
PAYEES = {
    "kfq-dues": "枞阳经济开发区党工委（演示收款）",
    "pf-dues": "平房区非公企业党工委（演示收款）",
}
_DISTRICTS = {"kfq-dues": zongyang.CODE, "pf-dues": pingfang.CODE}


def connect(here: Place) -> None:
    """Write the simulator's merchants into the districts; its address may differ from the last start."""
    found = json.loads((here.simulator / "merchants.json").read_text(encoding="utf-8"))
    with everything(), transaction():
        for facts in found:
            if facts["slug"] in _DISTRICTS:
                _write(facts, _DISTRICTS[facts["slug"]])


def _write(facts: dict[str, Any], code: str) -> None:
    account = accounts.by_slug(facts["provider"], facts["slug"])
    if account is None:
        district = by_code(code)
        assert district is not None
        accounts.create_account(district_id=district.id, purpose="dues", **facts)
        return
    accounts.replace_secrets(account, version=account.version, secrets=facts["secrets"])
    for name in ("payee_name", "mode", "mchid", "sub_mchid", "appid", "base_url", "settings"):
        setattr(account, name, facts[name])
