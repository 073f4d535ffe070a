"""A plugin whose card and page ask the database once for every member."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint
from sqlalchemy import select

from portal.api import Card, DistrictRef, Member, Plugin, hookimpl, session, signed_in

pages = Blueprint("dear", __name__)


def names() -> list[str]:
    """Read the members' names one by one."""
    numbers = session.scalars(select(Member.id)).all()
    return [session.scalars(select(Member.name).where(Member.id == number)).one() for number in numbers]


@pages.get("/")
@signed_in
def start() -> str:
    """List the names."""
    return "，".join(names())


class Dear(Plugin):
    """Costs by the row."""

    slug, name, description, version = "dear", "一行一问", "一行问一次", "1.0"

    @hookimpl
    def register_blueprints(self) -> Iterable[Any]:
        return [pages]

    @hookimpl
    def home_cards(self, district: DistrictRef, actor: Any) -> Iterable[Card]:
        return [Card(key="dear", title=f"{len(names())}人")]


plugin = Dear()
