"""Merchant accounts: whose money it is, at which channel, with which keys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select

from portal import audit, clock, crypto
from portal.database import everything, glance, run_ready, session, swap, transaction
from portal.payments.contract import MerchantAccountInfo
from portal.payments.models import MerchantAccount

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")
_COLUMN = "merchant_account.secrets_sealed"
_TABLE: Any = MerchantAccount.__table__


class Called(NamedTuple):
    """The row of an account as a callback needs it; of a Row each name would be looked up at every use."""

    id: int
    uid: str
    district_id: int
    provider: str
    slug: str
    purpose: str
    mode: str
    mchid: str
    sub_mchid: str
    appid: str
    payee_name: str
    base_url: str
    settings: dict[str, Any]
    secrets_sealed: bytes | None
    version: int


#: A merchant account as its entity or as the row ``called`` reads: the same names either way.
Receiver = MerchantAccount | Called
_CALLED = select(*(_TABLE.c[name] for name in Called._fields)).where(
    _TABLE.c.slug == bindparam("slug"), _TABLE.c.provider == bindparam("provider")
)


def create_account(
    *,
    district_id: int,
    provider: str,
    slug: str,
    purpose: str,
    payee_name: str,
    actor: Any = None,
    secrets: Mapping[str, str] | None = None,
    **details: Any,
) -> MerchantAccount:
    """Enter a merchant account; ``actor`` is None for the installation itself.

    ``details`` are columns (``mchid``, ``appid``, ``settings``, ...).
    ``slug`` is its public name in ``/hooks/<provider>/<slug>/pay``. Raises: ValueError.
    """
    if not good_slug(slug):
        raise ValueError("a slug is 3 to 40 characters of a-z, 0-9 and -")
    uid = crypto.new_uid()
    with transaction() as current:
        made = MerchantAccount(
            uid=uid,
            district_id=district_id,
            provider=provider,
            slug=slug,
            purpose=purpose,
            payee_name=payee_name,
            secrets_sealed=_seal(uid, secrets or {}),
            created_at=clock.now(),
            **details,
        )
        current.add(made)
        current.flush()
        _note("create", made, actor)
    return made


def replace_secrets(
    account: MerchantAccount, *, version: int, secrets: Mapping[str, str], actor: Any = None
) -> None:
    """Put new keys in the place of the old ones. Raises: Conflict."""
    with transaction():
        swap(account, version=version, secrets_sealed=_seal(account.uid, secrets))
        _note("secrets", account, actor)


def change_account(
    account: MerchantAccount, *, version: int, secrets: Mapping[str, str], actor: Any, **columns: Any
) -> None:
    """Change an account and switch it off: another person looks at it first (rule K12). Raises: Conflict."""
    with transaction():
        swap(
            account,
            version=version,
            secrets_sealed=_seal(account.uid, secrets),
            active=False,
            entered_by=actor.account_id,
            **columns,
        )
        _note("change", account, actor)


def set_active(account: MerchantAccount, *, version: int, active: bool, actor: Any = None) -> None:
    """Offer an account to payers, or no longer; its callbacks are taken either way. Raises: Conflict."""
    with transaction():
        swap(account, version=version, active=active)
        _note("active" if active else "inactive", account, actor)


def by_slug(provider: str, slug: str) -> MerchantAccount | None:
    """Return an account by the names in its callback address, within the scope."""
    return session.scalar(_by_slug(), {"slug": slug, "provider": provider})


@cache
def _by_slug() -> Select[MerchantAccount]:
    return select(MerchantAccount).where(
        MerchantAccount.slug == bindparam("slug"), MerchantAccount.provider == bindparam("provider")
    )


def called(provider: str, slug: str) -> Called | None:
    """Return the account a callback's address names, in whichever district, as a plain row.

    Read apart from the session, before anything is proven: no lock is taken for a stranger's post.
    """
    with glance() as connection:
        found = run_ready(_CALLED, {"slug": slug, "provider": provider}, at=connection).one()
    return None if found is None else Called._make(found)


def good_slug(slug: str) -> bool:
    """Tell whether a text may be an account's public name."""
    return bool(_SLUG.fullmatch(slug))


def slug_taken(slug: str) -> bool:
    """Tell whether any district has an account of this name: callback addresses are nobody's alone."""
    with everything():
        return session.scalar(select(MerchantAccount.id).where(MerchantAccount.slug == slug)) is not None


def of_district(district_id: int) -> list[MerchantAccount]:
    """Return a district's accounts, first entered first."""
    where = select(MerchantAccount).where(MerchantAccount.district_id == district_id)
    return list(session.scalars(where.order_by(MerchantAccount.id)))


def by_uid(uid: str) -> MerchantAccount | None:
    """Return an account by its public id, within the scope."""
    return session.scalar(select(MerchantAccount).where(MerchantAccount.uid == uid))


def info(account: Receiver) -> MerchantAccountInfo:
    """Return the frozen view a provider works with, secrets opened."""
    opened: dict[str, str] = {}
    if account.secrets_sealed:
        opened = json.loads(crypto.decrypt(_COLUMN, account.uid, account.secrets_sealed))
    return MerchantAccountInfo(
        slug=account.slug,
        provider=account.provider,
        mode="partner" if account.mode == "partner" else "direct",
        mchid=account.mchid,
        sub_mchid=account.sub_mchid,
        appid=account.appid,
        payee_name=account.payee_name,
        base_url=account.base_url,
        settings=dict(account.settings),
        secrets=opened,
    )


def _note(act: str, account: MerchantAccount, actor: Any) -> None:
    audit.record(
        f"payments.account.{act}",
        ("merchant_account", account.id),
        actor=actor,
        district=account.district_id,
    )


def _seal(uid: str, secrets: Mapping[str, str]) -> bytes:
    return crypto.encrypt(_COLUMN, uid, json.dumps(dict(secrets)))
