"""A plugin whose display hooks raise."""

from collections.abc import Iterable
from typing import Any

from portal.api import Card, DistrictRef, NavItem, Plugin, hookimpl


class InHook(Plugin):
    """Raises in its hooks."""

    slug, name, description, version, on_by_default = "in_hook", "坏插件", "出错", "1.0", True

    @hookimpl
    def nav_items(self, district: DistrictRef, actor: Any) -> Iterable[NavItem]:
        raise RuntimeError("no navigation today")

    @hookimpl
    def home_cards(self, district: DistrictRef, actor: Any) -> Iterable[Card]:
        # A generator that breaks half-way: what came before must not be shown half either.
        yield Card(key="half", title="半张卡片")
        raise RuntimeError("no second card")


plugin = InHook()
