"""Makes districts, organizations, members and accounts for tests, all invented."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from portal import clock, crypto
from portal.database import everything, in_scope, session, transaction
from portal.districts import service as districts
from portal.districts.models import District
from portal.districts.queries import decisions, reference
from portal.identity import notice
from portal.identity.actor import Actor
from portal.identity.models import Account, Grant, LoginSession
from portal.members.models import Affiliation, Member, Person
from portal.organizations.models import Organization
from portal.plugin import DistrictRef, MemberRef
from portal.testing import acting
from portal.testing.browser import Browser

_number = itertools.count(1)


@dataclass
class World:
    """Makes districts, organizations, members and accounts, all invented."""

    app: Flask

    def district(
        self,
        code: str = "",
        *,
        name: str = "",
        plugins: tuple[str, ...] | None = None,
        parent: District | None = None,
    ) -> District:
        """Create a district, below ``parent`` if given, with every plugin (or ``plugins``) switched on."""
        number = next(_number)
        made = districts.create(
            code=code or f"99{number:04d}", name=name or f"测试{number}区", kind="county", parent=parent
        )
        chosen = self.app.extensions["portal.registry"].plugins if plugins is None else plugins
        for slug in chosen:
            districts.switch(made, slug, on=True)
        return made

    def switch(self, district: District, slug: str, *, on: bool) -> None:
        """Switch a plugin on or off in a district."""
        districts.switch(district, slug, on=on)

    def organization(self, district: District, *, kind: str = "branch", **values: Any) -> Organization:
        """Create an organization, below ``parent`` if given."""
        parent: Organization | None = values.pop("parent", None)
        values.setdefault("name", f"测试第{next(_number)}党支部")
        values.setdefault("office_phone", "0000-8800000")
        with self.writing(district), transaction():
            row = Organization(
                district_id=district.id, kind=kind, parent_id=parent.id if parent else None, **values
            )
            session.add(row)
            session.flush()
            row.path = f"{parent.path if parent else '/'}{row.id}/"
        return row

    def member(self, organization: Organization, *, name: str = "", phone: str = "", **values: Any) -> Member:
        """Create a full member of ``organization`` since 2020-01-01."""
        number = next(_number)
        phone = phone or f"100{number:08d}"
        ric = values.pop("ric", None) or invented_ric(number)
        uid = crypto.new_uid()
        since = values.pop("since", date(2020, 1, 1))
        values.setdefault("stage", "full")
        with everything(), transaction():
            person = Person(ric_index=crypto.blind_index("ric", ric))
            session.add(person)
            session.flush()
            row = Member(
                uid=uid,
                district_id=organization.district_id,
                person_id=person.id,
                name=name or f"赵测{number}",
                sort_key=values.pop("sort_key", f"zhao ce {number:06d}"),
                phone_sealed=crypto.encrypt("member.phone_sealed", uid, phone),
                phone_index=crypto.blind_index("phone", phone),
                phone_tail=phone[-4:],
                ric_tail=ric[-4:],
                organization_id=organization.id,
                created_at=clock.now(),
                joined_on=values.pop("joined_on", date(2010, 7, 1)),
                full_on=values.pop("full_on", date(2011, 7, 1)),
                **values,
            )
            session.add(row)
            session.flush()
            session.add(
                Affiliation(
                    district_id=organization.district_id,
                    member_id=row.id,
                    organization_id=organization.id,
                    kind="formal",
                    valid_from=since,
                )
            )
        return row

    def account(
        self,
        member: Member | None = None,
        *,
        role: str = "",
        district: District | None = None,
        organization: Organization | None = None,
        **values: Any,
    ) -> Account:
        """Create an account, for a member if given, with one role at a district or an organization."""
        number = next(_number)
        uid = crypto.new_uid()
        phone = values.pop("phone", f"100{number:08d}")
        with everything(), transaction():
            row = Account(
                uid=uid,
                person_id=member.person_id if member else None,
                display_name=member.name if member else f"工作人员{number}",
                phone_sealed=crypto.encrypt("account.phone_sealed", uid, phone),
                phone_index=crypto.blind_index("phone", phone),
                created_at=clock.now(),
                **{"agreed": notice.everything_agreed(), **values},
            )
            session.add(row)
            session.flush()
            if role:
                place = organization.district_id if organization else district.id if district else None
                session.add(
                    Grant(
                        district_id=place,
                        account_id=row.id,
                        role=role,
                        organization_id=organization.id if organization else None,
                        valid_from=date(2020, 1, 1),
                        granted_at=clock.now(),
                    )
                )
        return row

    def browser(self, account: Account | None = None) -> Browser:
        """Return a browser, logged in as ``account`` with a real server-side session."""
        client = Browser(self.app, self.app.response_class, use_cookies=True)
        if account is not None:
            token = acting.log_in(account.id)
            client.csrf_secret = acting.CSRF_SECRET
            client.set_cookie(self.app.config["SESSION_COOKIE_NAME"], f"s.{token}")
        session.remove()
        return client

    def token(self, account: Account) -> str:
        """Log an account in and return its secret: for ``portal.testing.crowd.inside`` in another process."""
        return acting.log_in(account.id)

    def actor(self, account: Account, district: District) -> Actor:
        """Return who acts when a test calls a verb itself: ``account``, as ``district`` sees it."""
        return acting.actor(acting.log_in(account.id), self.ref(district))

    @contextmanager
    def writing(self, district: District) -> Iterator[None]:
        """Work inside one district, as the gate would let a request; ``district()`` is not set by it."""
        with in_scope({district.id}, write=district.id):
            yield

    def ref(self, district: District) -> DistrictRef:
        """Return the view of a district that hooks get."""
        registry = self.app.extensions["portal.registry"]
        defaults = {slug: plugin.on_by_default for slug, plugin in registry.plugins.items()}
        return reference(district, decisions(district.ancestor_ids, defaults).plugins_on)

    def member_ref(self, member: Member) -> MemberRef:
        """Return the view of a member that hooks get."""
        return MemberRef(
            id=member.id,
            uid=member.uid,
            person_id=member.person_id,
            district_id=member.district_id,
            name=member.name,
            organization_id=member.organization_id,
        )

    def expire(self, account: Account) -> None:
        """End every session of an account, as if it had been idle too long."""
        with everything(), transaction():
            session.execute(
                update(LoginSession)
                .where(LoginSession.account_id == account.id)
                .values(last_seen_at=clock.now().replace(year=2000))
            )


@pytest.fixture
def world(app: Flask) -> World:
    """Return the maker of test data."""
    return World(app)


def invented_ric(number: int) -> str:
    """Return a valid national id of nobody: division 999999 was never assigned."""
    body = f"99999919{50 + number % 50:02d}0{1 + number % 9}1{number % 10}{number % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]
