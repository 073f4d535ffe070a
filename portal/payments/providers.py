"""Find the provider of a merchant account, and the ways to pay that a district offers."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import requests
from flask import current_app
from sqlalchemy import Select, bindparam, select

from portal import clock
from portal.current import registry
from portal.database import session
from portal.districts.models import District
from portal.payments import accounts
from portal.payments.accounts import Receiver
from portal.payments.contract import Flow, PaymentProvider, ProviderSpec
from portal.payments.models import MerchantAccount
from portal.plugin import DistrictRef
from portal.registry import NotAvailable

log = logging.getLogger(__name__)

_EXTENSION = "portal.payments.providers"
_local = threading.local()


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to pay: the merchant account and the flow that suits this browser."""

    account: MerchantAccount
    spec: ProviderSpec
    flow: Flow


def ways(district: DistrictRef, *, purpose: str, user_agent: str) -> list[Way]:
    """Return how ``purpose`` can be paid online here; obeys the plugins' switches."""
    specs = {spec.id: spec for spec in registry().collect("payment_providers", district=district)}
    found = session.scalars(_accounts(), {"district_id": district.id, "purpose": purpose})
    offered = [
        Way(account=account, spec=specs[account.provider], flow=specs[account.provider].flow_for(user_agent))
        for account in found
        if account.provider in specs
    ]
    return [way for way in offered if way.flow is not Flow.OFFLINE and way.flow in way.spec.flows]


@cache
def _accounts() -> Select[MerchantAccount]:
    return (
        select(MerchantAccount)
        .where(
            MerchantAccount.district_id == bindparam("district_id"),
            MerchantAccount.purpose == bindparam("purpose"),
            MerchantAccount.active,
        )
        .order_by(MerchantAccount.id)
    )


def spec_of(account: Receiver) -> ProviderSpec:
    """Return the provider of an account, switched on or off: money that arrives is always taken.

    Raises: NotAvailable when the plugin is not installed or broken.
    """
    place = session.get_one(District, account.district_id)
    here = DistrictRef(id=place.id, code=place.code, name=place.name, kind=place.kind, path=place.path)
    for slug, call in registry().implementers("payment_providers"):
        try:
            for spec in call(district=here) or ():
                if spec.id == account.provider:
                    found: ProviderSpec = spec
                    return found
        except Exception:
            # One broken provider must not stop another one's money.
            log.exception("payment_providers of %s failed", slug)
    raise NotAvailable(f"payment provider {account.provider}")


def provider_of(account: Receiver) -> PaymentProvider:
    """Return the provider object of an account; kept until the account changes (keys are slow to read).

    Raises: NotAvailable.
    """
    known: dict[int, tuple[int, Any]] = current_app.extensions.setdefault(_EXTENSION, {})
    version, provider = known.get(account.id, (0, None))
    if version != account.version:
        provider = spec_of(account).factory(accounts.info(account), _Http(), clock)
        known[account.id] = (account.version, provider)
    made: PaymentProvider = provider
    return made


#: How many calls to channels one process waits for at a time, and how long another one waits for its turn.
#: A web process has four threads (portal/cli/serve.py): a channel that hangs may hold two of them, so that
#: the other two go on with everybody's pages.
AT_ONCE, TURN = 2, 1.0
_turns = threading.BoundedSemaphore(AT_ONCE)


class _Http:
    """One `requests.Session` per thread: connections are kept, sessions are not shared."""

    def request(self, method: str, url: str, **kwargs: Any) -> Any:
        if not _turns.acquire(timeout=TURN):
            # Nothing was sent, and the provider knows it by this error: the order can be placed later.
            raise requests.ConnectTimeout("the channel is slow, and enough calls wait for it")
        try:
            return self._request(method, url, **kwargs)
        finally:
            _turns.release()

    def _request(self, method: str, url: str, **kwargs: Any) -> Any:
        if not hasattr(_local, "session"):
            _local.session = requests.Session()
            # Proxies of the environment are not for money.
            _local.session.trust_env = False
        return _local.session.request(method, url, **kwargs)
