"""What the dues plugin contributes, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.hookspecs import hookimpl
from portal.plugin import Plugin

from . import commands


class Dues(Plugin):
    """Party dues."""

    slug = "dues"
    name = _l("党费")
    description = _l("每月该交多少、为什么，交费、凭证和支部的收缴台账")
    order = 10
    version = "0.1.0"
    on_by_default = True

    @hookimpl
    def register_commands(self) -> Iterable[Any]:
        return [commands.dues]


plugin = Dues()
