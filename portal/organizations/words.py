"""Words for kinds of organization and for the reasons of the search (ux.md, Words)."""

from __future__ import annotations

from typing import Any

from portal.words import lazy_gettext as _

KINDS: dict[str, Any] = {
    "work_committee": _("党工委"),
    "committee": _("党委"),
    "umbrella_committee": _("综合党委"),
    "general_branch": _("党总支"),
    "branch": _("党支部"),
    "joint_branch": _("联合党支部"),
    "temporary_branch": _("临时党支部"),
    "floating_branch": _("流动党员党组织"),
    "party_group": _("党小组"),
}

REASONS: dict[str, Any] = {
    "own": _("您单位自己的党支部"),
    "joint": _("负责您单位的联合党支部"),
    "building": _("这栋楼（园区）的党组织"),
    "community": _("您常住社区的党组织"),
    "asked": _("名称相符的党组织"),
    "floating": _("暂时没有固定单位的流动党员，找这里"),
    "desk": _("还不确定？到服务台，我们帮您找。"),
}

PLACES: dict[str, Any] = {
    "building": _("楼宇"),
    "park": _("园区"),
    "community": _("社区"),
    "area": _("片区"),
    "street": _("街道"),
    "market": _("市场"),
}
