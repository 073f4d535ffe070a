"""A plugin whose card takes as long as ``seconds`` says, by a clock of its own."""

from collections.abc import Iterable
from typing import Any

from portal.api import Card, DistrictRef, MemberRef, NavItem, Objection, Plugin, hookimpl


class Slow(Plugin):
    """Is slow where it shows something, and answers about rights."""

    slug, name, description, version, on_by_default = "slow", "慢插件", "很慢", "1.0", False
    #: How far its card moves the clock that the portal measures by.
    now, seconds, asked = 0.0, 0.0, 0

    @hookimpl
    def nav_items(self, district: DistrictRef, actor: Any) -> Iterable[NavItem]:
        return []

    @hookimpl
    def home_cards(self, district: DistrictRef, actor: Any) -> Iterable[Card]:
        type(self).asked += 1
        # A generator: the time is spent while it is read.
        yield Card(key="slow", title="慢卡片")
        type(self).now += self.seconds

    @hookimpl
    def member_objections(self, district: DistrictRef, member: MemberRef, act: str) -> Iterable[Objection]:
        type(self).now += self.seconds
        return [Objection(code="slow.wait", text="等一等")]


plugin = Slow()
