"""A plugin with a misspelt hook."""

from typing import Any

from portal.api import Plugin, hookimpl


class WrongHook(Plugin):
    """Misspells a hook."""

    slug, name, description, version = "wrong_hook", "错字", "钩子写错", "1.0"

    @hookimpl
    def nav_itmes(self, district: Any, actor: Any) -> list[Any]:
        return []


plugin = WrongHook()
