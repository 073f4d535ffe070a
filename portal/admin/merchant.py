"""What a treasurer enters about a merchant account: read, checked by the provider itself, kept sealed.

One person enters, another one switches it on (rule K12): whoever could do both could lead dues elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import requests

from portal import clock
from portal.current import district, registry
from portal.payments import PaymentPurpose, accounts
from portal.payments.contract import MerchantAccountInfo, ProviderSpec
from portal.payments.models import MerchantAccount
from portal.words import gettext as _

COLUMNS = ("payee_name", "mchid", "sub_mchid", "appid")


class SamePerson(PermissionError):
    """Whoever entered an account does not switch it on."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The form as it was sent: values to show again, and what is wrong with them by field."""

    values: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)


def specs() -> dict[str, ProviderSpec]:
    """Return the providers switched on in this district that have something to set up."""
    found = registry().collect("payment_providers", district=district())
    return {spec.id: spec for spec in found if spec.fields}


def purposes() -> list[tuple[str, Any]]:
    """Return (slug, name) of what can be paid for."""
    known = registry()
    return [
        (service.key, known.plugins[slug].name)
        for slug, service in known.services
        if service.protocol is PaymentPurpose and slug in district().plugins_on
    ]


def read(spec: ProviderSpec, form: Mapping[str, str], *, account: MerchantAccount | None = None) -> Sheet:
    """Read a form and let the provider try the keys; a secret left empty stays what it was."""
    kept = accounts.info(account) if account else None
    values = {name: form.get(name, "").strip() for name in ("slug", "purpose", *COLUMNS)}
    settings = dict(kept.settings) if kept else {}
    secrets = dict(kept.secrets) if kept else {}
    errors: dict[str, str] = {}
    if account is None:
        _new_only(values, errors)
    for name in ("payee_name", "mchid", "appid"):
        if not values[name]:
            errors[name] = _("请填这一项。")
    for one in spec.fields:
        given = form.get(f"f_{one.name}", "").strip()
        place: dict[str, Any] = secrets if one.secret else settings
        if given:
            place[one.name] = given
        elif not one.secret:
            place.pop(one.name, None)
        if one.required and not place.get(one.name):
            errors[f"f_{one.name}"] = _("请填这一项。")
        if not one.secret:
            values[f"f_{one.name}"] = given
    sheet = Sheet(values=values, settings=settings, secrets=secrets, errors=errors)
    return sheet if errors else replace(sheet, errors=_tried(spec, sheet, kept))


def _new_only(values: Mapping[str, str], errors: dict[str, str]) -> None:
    if not accounts.good_slug(values["slug"]):
        errors["slug"] = _("用3到40个小写字母、数字或短横线，例如 kfq-dues。")
    elif accounts.slug_taken(values["slug"]):
        errors["slug"] = _("这个短名已经有了，请换一个。")
    if values["purpose"] not in dict(purposes()):
        errors["purpose"] = _("请选收的是什么钱。")


def _tried(spec: ProviderSpec, sheet: Sheet, kept: MerchantAccountInfo | None) -> dict[str, str]:
    """Return what the provider cannot work with; it only reads the keys, nobody is called."""
    info = MerchantAccountInfo(
        slug=kept.slug if kept else sheet.values["slug"],
        provider=spec.id,
        mode="partner" if sheet.values["sub_mchid"] else "direct",
        mchid=sheet.values["mchid"],
        sub_mchid=sheet.values["sub_mchid"],
        appid=sheet.values["appid"],
        payee_name=sheet.values["payee_name"],
        base_url=kept.base_url if kept else "",
        settings=sheet.settings,
        secrets=sheet.secrets,
    )
    try:
        spec.factory(info, requests.Session(), clock)  # type: ignore[arg-type]
    except Exception:
        # The words of the cause may hold parts of a key: they are not shown and not logged.
        return {"keys": _("这些密钥和证书配不起来，请从商户平台重新复制后再填。")}
    return {}


def enter(spec: ProviderSpec, sheet: Sheet, *, actor: Any) -> MerchantAccount:
    """Write a new account down, switched off until another person switches it on."""
    return accounts.create_account(
        district_id=district().id,
        provider=spec.id,
        slug=sheet.values["slug"],
        purpose=sheet.values["purpose"],
        secrets=sheet.secrets,
        settings=dict(sheet.settings),
        active=False,
        entered_by=actor.account_id,
        actor=actor,
        **_columns(sheet),
    )


def change(account: MerchantAccount, sheet: Sheet, *, version: int, actor: Any) -> None:
    """Change an account; it is switched off until another person has looked. Raises: Conflict."""
    accounts.change_account(
        account,
        version=version,
        secrets=sheet.secrets,
        settings=dict(sheet.settings),
        actor=actor,
        **_columns(sheet),
    )


def switch(account: MerchantAccount, *, version: int, active: bool, actor: Any) -> None:
    """Switch an account on or off. Raises: SamePerson, Conflict."""
    if active and account.entered_by == actor.account_id:
        raise SamePerson(account.slug)
    accounts.set_active(account, version=version, active=active, actor=actor)


def _columns(sheet: Sheet) -> dict[str, str]:
    columns = {name: sheet.values[name] for name in COLUMNS}
    return columns | {"mode": "partner" if columns["sub_mchid"] else "direct"}
