"""What several commands share: the district they work on, and the scope to do it in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from portal.database import in_scope
from portal.districts import queries
from portal.districts.models import District

district_option = click.option("--district", "district_code", required=True, help="Code: 340722-kfq")


def find_district(code: str) -> District:
    """Return the district of ``code``; an unknown one is a usage error."""
    found = queries.by_code(code)
    if found is None:
        raise click.UsageError(f"no district {code!r}")
    return found


@contextmanager
def at(district: District) -> Iterator[None]:
    """Work inside one district, as the gate would let a request."""
    with in_scope({district.id}, write=district.id):
        yield
