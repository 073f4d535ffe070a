"""What several commands share: the district they work on, and the scope to do it in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from portal.database import in_scope
from portal.districts import queries
from portal.districts.models import District
from portal.identity import accounts, addresses
from portal.identity.models import Account
from portal.web.frame import mask_phone

district_option = click.option("--district", "district_code", required=True, help="Code: 340722-kfq")


def find_district(code: str) -> District:
    """Return the district of ``code``; an unknown one is a usage error."""
    found = queries.by_code(code)
    if found is None:
        raise click.UsageError(f"no district {code!r}")
    return found


def account_of(typed: str, *, disabled: bool = False) -> Account:
    """Return the one account a phone, user name or public id means, of those open or of those disabled.

    None or several is a usage error.
    """
    known = accounts.find(typed)
    found = [one for one in known if (one.disabled_at is not None) is disabled]
    if not found and known:
        raise click.UsageError(f"the account {typed!r} is {'not ' if disabled else ''}disabled")
    if not found:
        raise click.UsageError(
            f"no account {typed!r}: a member logs in and claims the record first, staff get one "
            "by: portal account add"
        )
    if len(found) > 1:
        several = ", ".join(f"{one.display_name} {one.username or one.uid}" for one in found)
        raise click.UsageError(f"several share {typed!r}: {several}; name one by user name or public id")
    return found[0]


def masked(account: Account) -> str:
    """Return an account's number as lists show it."""
    return mask_phone(addresses.phone_of(account.uid, account.phone_sealed))


def is_installed(folder: Path) -> bool:
    """Tell whether code lies where a wheel was unpacked, and not where somebody writes it."""
    return bool({"site-packages", "dist-packages"} & set(folder.resolve().parts))


@contextmanager
def at(district: District) -> Iterator[None]:
    """Work inside one district, as the gate would let a request."""
    with in_scope({district.id}, write=district.id):
        yield
