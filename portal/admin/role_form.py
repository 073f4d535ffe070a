"""What somebody typed to give or end a role: read, checked in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from portal import clock
from portal.admin import role_list
from portal.identity import role_words
from portal.identity.grants import RoleRefused
from portal.identity.models import BRANCH_ROLES
from portal.sheets.values import dates
from portal.web.frame import civil
from portal.words import gettext as _

#: Given on the page: who runs the installation is named on the command line.
OFFERED = tuple(role for role in role_words.WORDS if role != "deployer")


@dataclass(kw_only=True)
class Giving:
    """The form of a new role."""

    role: str = ""
    organization: str = ""
    first: str = ""
    last: str = ""
    reason: str = ""
    organization_id: int | None = None
    valid_from: date = date.min
    valid_to: date | None = None
    #: Full names of organizations that what was typed may mean.
    meant: list[str] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


def giving(sent: Mapping[str, str]) -> Giving:
    """Read the form of a new role."""
    form = Giving(
        role=sent.get("role", "").strip(),
        organization=sent.get("organization", "").strip(),
        first=sent.get("first", "").strip(),
        last=sent.get("last", "").strip(),
        reason=sent.get("reason", "").strip(),
    )
    if form.role not in OFFERED:
        form.errors["role"] = _("请选一个角色。")
    elif form.role in BRANCH_ROLES:
        _branch(form)
    form.valid_from = _day(form, "first", form.first or clock.today().isoformat()) or clock.today()
    last = _day(form, "last", form.last)
    form.valid_to = last + timedelta(days=1) if last else None
    form.errors.update(reasoned(form.reason))
    return form


def _branch(form: Giving) -> None:
    found = role_list.organizations(form.organization)
    exact = [one for one in found if one.name == form.organization]
    if len(exact) == 1 or len(found) == 1:
        chosen = (exact or found)[0]
        form.organization_id, form.organization = chosen.id, chosen.name
        return
    form.meant = [one.name for one in found]
    form.errors["organization"] = (
        _("请写全称，比如下面这些。") if found else _("没有找到这个党组织，请写全称。")
    )


def _day(form: Giving, name: str, typed: str) -> date | None:
    if not typed:
        return None
    found = dates.whole_day(typed)
    if found is None:
        form.errors[name] = _("日期“%(typed)s”看不懂，请改成2026-03-01这样的写法。", typed=typed)
    return found


def reasoned(reason: str) -> dict[str, str]:
    """Return what is wrong with a reason, by field."""
    if 2 <= len(reason) <= 200:
        return {}
    return {"reason": _("请写明理由（2到200个字），以后查得到。")}


def refused(error: RoleRefused) -> tuple[str, str]:
    """Return (field, words) of a role that cannot be given or ended so."""
    held = error.grant
    if held is not None:
        until = civil(held.valid_to - timedelta(days=1)) if held.valid_to else _("长期")
        words = _(
            "已经有这个角色，从%(first)s到%(last)s。先结束那个再给。",
            first=civil(held.valid_from),
            last=until,
        )
        return "role", words
    known: dict[str, tuple[str, str]] = {
        "unknown": ("role", _("请选一个角色。")),
        "place": ("role", _("这个角色不是这样给的。")),
        "days": ("last", _("最后一天要在第一天之后，也不能已经过去。")),
        "self": ("", _("自己的角色要由别人来给、来结束。")),
        "disabled": ("", _("这个账号已停用。")),
        "asker": ("", _("提出的人账号停用了，他提出的不算。请重新提出。")),
        "member": ("role", _("支部的职务要由本地区的正式党员担任，并且本人已经认领了登记。")),
        "past": ("last", _("不能从已经过去的日子起结束。")),
        "last": ("", _("这是最后一位，结束后就没有人能管了。请先把这个角色给另一位同志。")),
        "same": ("", _("要由另一位同志确认。")),
        "asked": ("role", _("这个角色已经有人提出，等第二个人确认。")),
    }
    return known[error.reason]


def ending(sent: Mapping[str, Any]) -> tuple[date, str, dict[str, str]]:
    """Return the first day without the role, the reason, and what is wrong by field."""
    form = Giving(last=sent.get("last", "").strip(), reason=sent.get("reason", "").strip())
    errors = reasoned(form.reason)
    if sent.get("how") == "now":
        return clock.today(), form.reason, errors
    if sent.get("how") != "day":
        return clock.today(), form.reason, {"how": _("请选什么时候结束。"), **errors}
    last = _day(form, "last", form.last)
    if last is None and "last" not in form.errors:
        form.errors["last"] = _("请填最后一天。")
    return (last or clock.today()) + timedelta(days=1), form.reason, {**form.errors, **errors}
