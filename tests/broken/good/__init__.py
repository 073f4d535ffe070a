"""A plugin without a fault."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint

from portal.api import Card, DistrictRef, NavItem, Permission, Plugin, hookimpl, requires, signed_in

pages = Blueprint("good", __name__)


@pages.get("/")
@signed_in
def start() -> str:
    """Say that it works."""
    return "good works"


@pages.get("/secret")
@requires("good.see")
def secret() -> str:
    """Show something to those who may."""
    return "good secret"


class Good(Plugin):
    """A plugin without a fault."""

    slug, name, description, version, on_by_default = "good", "好插件", "没有毛病", "1.0", True

    @hookimpl
    def register_blueprints(self) -> Iterable[Any]:
        return [pages]

    @hookimpl
    def register_permissions(self) -> Iterable[Permission]:
        return [Permission(name="good.see", label="看", roles=frozenset({"member"}))]

    @hookimpl
    def nav_items(self, district: DistrictRef, actor: Any) -> Iterable[NavItem]:
        return [NavItem(key="good", label="好插件", endpoint="good.start")]

    @hookimpl
    def home_cards(self, district: DistrictRef, actor: Any) -> Iterable[Card]:
        return [Card(key="good", title="好卡片")]


plugin = Good()
