"""A shared venue for tests: its owner, who signs for whom, and an agreement in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from plugins.bookings.judging import Asker
from plugins.bookings.queries import places as reads
from plugins.bookings.service import agreeing, asking, places
from plugins.bookings.service.agreeing import Terms
from plugins.bookings.tests.conftest import ALL_DAY, Center
from portal.api import Account, Actor, session

OPEN_TERMS: dict[str, Any] = {
    "valid_from": date(2026, 1, 1),
    "valid_to": date(2026, 7, 1),
    "party_b_name": "测试党群服务中心",
    "groups": ["organizations", "members"],
}


@dataclass
class Shared:
    """A venue that an organization shares."""

    center: Center

    def __post_init__(self) -> None:
        """Make the owner, a stranger, the venue with a room, and the people who sign."""
        world, district = self.center.world, self.center.district
        self.owner = world.organization(district, name="甲厂党支部")
        self.other = world.organization(district, name="乙厂党支部")
        self.a = self.actor("secretary", self.owner)
        self.b = self.actor("district_admin")
        self.stranger = self.actor("secretary", self.other)
        self.venue = places.make_venue(
            kind="shared",
            name="甲厂礼堂",
            owner_id=self.owner.id,
            hours=[{"kind": "work", **ALL_DAY}, {"kind": "off", **ALL_DAY}],
            by=None,
        )
        places.make_room(self.venue, kind="hall", name="礼堂", capacity=100, fire_limit=120, by=None)
        session.commit()

    def actor(self, role: str, organization: Any = None) -> Actor:
        """Return somebody with a role, at an organization or the whole district."""
        world, district = self.center.world, self.center.district
        account = world.account(role=role, district=district, organization=organization)
        self.accounts: dict[int, Account] = getattr(self, "accounts", {})
        self.accounts[account.id] = account
        return world.actor(account, district)

    def room(self) -> reads.Room:
        """Return its room as verbs see it."""
        (found,) = reads.rooms(venue_id=self.venue.id)
        return found

    def draft(self, **values: Any) -> Any:
        """Return a draft."""
        replaces, by = values.pop("replaces", None), values.pop("by", self.b)
        return agreeing.draft(self.venue, Terms(**{**OPEN_TERMS, **values}), replaces=replaces, by=by)

    def agree(self, **values: Any) -> Any:
        """Return an agreement both have signed."""
        row = self.draft(**values)
        agreeing.sign(row, version=row.version, by=self.a)
        agreeing.sign(row, version=row.version, by=self.b, stands_in=row.party_b_id is not None)
        return row

    def asker(self, *, organization: Any = None, member: bool = False, office: bool = False) -> Asker:
        """Return somebody who asks: of an organization (with an office there), a member, or neither."""
        return Asker(
            account_id=self.center.world.account().id,
            is_member=member,
            organization_id=organization.id if organization is not None else None,
            office=office,
        )

    def book(self, *spans: Any, asker: Asker | None = None, **values: Any) -> Any:
        """Ask for its room."""
        asker = asker or self.asker(organization=self.other)
        wanted = self.center.wanted(*spans, asker=asker, **values)
        return asking.ask(replace(wanted, room=self.room()), by=asker.account_id)
