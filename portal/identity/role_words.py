"""The names of the roles, what each is for, and what the person concerned is told."""

from __future__ import annotations

from typing import Any

from portal import notices
from portal.notices.templates import Template
from portal.words import gettext
from portal.words import lazy_gettext as _

#: Name, and for whom it is, of the roles that are given.
WORDS: dict[str, tuple[Any, Any]] = {
    "secretary": (_("支部书记"), _("管本支部的党员和申请，和收缴人互相核对")),
    "dues_collector": (_("党费收缴人"), _("登记本支部收到的党费")),
    "desk": (_("服务台"), _("接待、登记、办理申请")),
    "registrar": (_("组织关系登记"), _("登记党员和转接组织关系")),
    "treasurer": (_("党费管理员"), _("管收款账户，核对到账")),
    "district_admin": (_("地区管理员"), _("管本地区和下级的服务、设置和角色")),
    "auditor": (_("审计"), _("只看操作记录，不看个人信息")),
    "deployer": (_("部署人员"), _("管系统运行，不看个人信息")),
}
#: Roles that follow from having a record or an account.
IMPLIED: dict[str, Any] = {"member": _("党员本人"), "resident": _("有账号的本人")}


def name(role: str) -> str:
    """Return a role's name; a plugin's own role goes by its key."""
    if role in IMPLIED:
        return str(IMPLIED[role])
    return str(WORDS[role][0]) if role in WORDS else role


def _day(text: str) -> str:
    return text or gettext("长期")


_TITLE, _BODY = _("您有一条新消息"), _("您的账号有变动，请登录服务平台查看。")
_VALUES = {"role": name, "first": _day, "last": _day}

notices.declare(
    Template(
        key="identity.role_give",
        title=_TITLE,
        body=_BODY,
        inside=_("您有了新的角色“%(role)s”，从%(first)s到%(last)s。不是您的，请打服务台电话。"),
        kind="duty",
        words=_VALUES,
    )
)
notices.declare(
    Template(
        key="identity.role_end",
        title=_TITLE,
        body=_BODY,
        inside=_("您的角色“%(role)s”到%(last)s为止。有疑问请打服务台电话。"),
        kind="duty",
        words=_VALUES,
    )
)
