"""The first rows of an installation: its districts, its administrator, and the code that lets them in."""

from __future__ import annotations

from dataclasses import dataclass

import click

from portal import audit, clock
from portal.cli.account import WORDS
from portal.cli.district import CODE, KINDS
from portal.database import everything, transaction
from portal.districts import queries, service
from portal.districts.models import District
from portal.identity import accounts, first_login, grants


@dataclass(frozen=True, kw_only=True)
class NewDistrict:
    """A district as it was typed."""

    code: str
    name: str
    kind: str
    parent: str | None


@dataclass(frozen=True, kw_only=True)
class First:
    """The first administrator and the first districts."""

    name: str
    phone: str
    username: str
    districts: tuple[NewDistrict, ...]

    def check(self) -> None:
        """Refuse what could not be written, before anything is made."""
        fault = accounts.problem(name=self.name, phone=self.phone, username=self.username)
        if fault:
            raise click.UsageError(f"first administrator: {WORDS[fault]}")
        codes = [one.code for one in self.districts]
        if len(set(codes)) != len(codes):
            raise click.UsageError("a district is named twice")
        for number, one in enumerate(self.districts):
            if one.parent is not None and one.parent not in codes[:number]:
                raise click.UsageError(f"{one.code}: the district above, {one.parent}, is named before it")


def district_of(text: str) -> NewDistrict:
    """Read "CODE NAME KIND [PARENT]"."""
    words = text.split()
    if len(words) not in (3, 4) or not CODE.fullmatch(words[0]) or words[2] not in KINDS:
        raise click.UsageError(
            f"{text!r}: a district is CODE NAME KIND, and the code of the district above if there is one; "
            f"KIND is one of {', '.join(KINDS)}"
        )
    if not 2 <= len(words[1]) <= 80:
        raise click.UsageError("a district's name has 2 to 80 characters")
    return NewDistrict(
        code=words[0], name=words[1], kind=words[2], parent=words[3] if len(words) == 4 else None
    )


def write(first: First) -> str:
    """Write districts, account and roles in one transaction, each once; return a first log-in code."""
    with everything(), transaction():
        made = [_district(one) for one in first.districts]
        account, _new = accounts.open_account(
            name=first.name, phone=first.phone, username=first.username, password=None, by=None
        )
        for place in made:
            if place.parent_id is not None:
                continue
            for role in ("district_admin", "deployer"):
                grants.give(
                    account,
                    role,
                    district=place,
                    organization_id=None,
                    valid_from=clock.today(),
                    valid_to=None,
                    by=None,
                )
        return first_login.issue(account, by=None)


def _district(one: NewDistrict) -> District:
    known = queries.by_code(one.code)
    if known is not None:
        return known
    above = queries.by_code(one.parent) if one.parent else None
    made = service.create(code=one.code, name=one.name, kind=one.kind, parent=above)
    audit.record("district.add", ("district", made.id), actor=None, district=made.id)
    return made
