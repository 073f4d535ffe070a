"""A plugin with a view that does not say who may call it."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint

from portal.api import Plugin, hookimpl

pages = Blueprint("no_access", __name__)


@pages.get("/")
def start() -> str:
    """Be open to nobody knows whom."""
    return "no_access was here"


class NoAccess(Plugin):
    """Declares no access."""

    slug, name, description, version, on_by_default = "no_access", "没说", "没说谁能看", "1.0", True

    @hookimpl
    def register_blueprints(self) -> Iterable[Any]:
        return [pages]


plugin = NoAccess()
