"""Where money handed over in person is written down: the district's cash account for dues."""

from __future__ import annotations

from typing import Any

from portal.api import DistrictRef, payments

from . import books

PROVIDER = "offline_payment"


def cash_account(district: DistrictRef) -> Any:
    """Return the district's merchant account for dues taken by hand, opened when it is the first time."""
    slug = f"dues-cash-{district.id}"
    found = payments.by_slug(PROVIDER, slug)
    if found is not None:
        return found
    return payments.create_account(
        district_id=district.id,
        provider=PROVIDER,
        slug=slug,
        purpose=books.PURPOSE,
        payee_name=f"{district.name}党费（支部代收现金）",
        settings={"means": "cash"},
        actor=None,
    )
