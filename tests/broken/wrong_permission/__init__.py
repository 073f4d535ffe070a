"""A plugin whose permission carries another name."""

from collections.abc import Iterable

from portal.api import Permission, Plugin, hookimpl


class WrongPermission(Plugin):
    """Takes a permission of the core."""

    slug, name, description, version = "wrong_permission", "越权", "越权", "1.0"

    @hookimpl
    def register_permissions(self) -> Iterable[Permission]:
        return [Permission(name="core.everything", label="全部")]


plugin = WrongPermission()
