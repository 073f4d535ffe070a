"""The declared permissions and which roles have them unless a district decides otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import current_app

from portal.plugin import Permission
from portal.words import lazy_gettext as _

_EXTENSION = "portal.permissions"

_STAFF = frozenset({"desk", "registrar", "district_admin"})

#: What the core itself guards. Plugins add theirs as ``<slug>.<verb>``.
CORE = (
    Permission(name="core.me", label=_("我的资料"), roles=frozenset({"resident"})),
    Permission(
        name="core.members.read",
        label=_("查看党员名册"),
        roles=_STAFF | {"secretary", "dues_collector", "treasurer"},
    ),
    Permission(name="core.members.read_private", label=_("查看完整电话"), roles=_STAFF | {"secretary"}),
    Permission(name="core.members.edit", label=_("登记和修改党员"), roles=_STAFF),
    Permission(name="core.organizations.edit", label=_("登记和修改党组织、单位"), roles=_STAFF),
    Permission(name="core.import", label=_("导入表格"), roles=_STAFF),
    Permission(name="core.export", label=_("导出表格"), roles=_STAFF | {"secretary", "treasurer"}),
    Permission(name="core.requests.answer", label=_("办理申请"), roles=_STAFF | {"secretary"}),
    Permission(
        name="core.delegations",
        label=_("同意请人代办"),
        roles=frozenset({"secretary", "registrar", "district_admin"}),
    ),
    Permission(name="core.login_codes", label=_("打印首次登录码"), roles=_STAFF | {"secretary"}),
    Permission(name="core.switchboard", label=_("开关服务"), roles=frozenset({"district_admin", "deployer"})),
    Permission(name="core.settings", label=_("修改设置"), roles=frozenset({"district_admin", "deployer"})),
    Permission(
        name="core.payments",
        label=_("收款账户和待核对的款"),
        roles=frozenset({"treasurer", "district_admin"}),
    ),
    Permission(name="core.roles", label=_("授予角色"), roles=frozenset({"district_admin"})),
    Permission(
        name="core.queue", label=_("查看没办成的后台任务"), roles=frozenset({"district_admin", "deployer"})
    ),
    Permission(name="core.audit", label=_("查看操作记录"), roles=frozenset({"district_admin", "auditor"})),
)


def declare(permissions: Iterable[Permission], *, owner: str) -> None:
    """Add permissions of ``owner`` (``core`` or a plugin's slug) to the running application.

    Raises:
        ValueError: a name without the owner's prefix, or declared twice.
    """
    known: dict[str, Permission] = current_app.extensions.setdefault(_EXTENSION, {})
    for permission in permissions:
        if not permission.name.startswith(f"{owner}."):
            raise ValueError(f"permission {permission.name!r} must begin with {owner!r}")
        if permission.name in known:
            raise ValueError(f"permission {permission.name!r} is declared twice")
        known[permission.name] = permission


def declared() -> Mapping[str, Permission]:
    """Return every declared permission by name."""
    found: Mapping[str, Permission] = current_app.extensions.get(_EXTENSION, {})
    return found


def roles_allowed(
    name: str, *, plugins_on: frozenset[str], overrides: Mapping[tuple[str, str], bool]
) -> frozenset[str]:
    """Return the roles that have a permission here: nobody when its plugin is switched off.

    Raises:
        KeyError: nobody declared it.
    """
    permission = declared()[name]
    owner = name.split(".", 1)[0]
    if owner != "core" and owner not in plugins_on:
        return frozenset()
    if not overrides:
        return permission.roles
    added = {role for (role, wanted), allowed in overrides.items() if wanted == name and allowed}
    removed = {role for (role, wanted), allowed in overrides.items() if wanted == name and not allowed}
    return (permission.roles | added) - removed
