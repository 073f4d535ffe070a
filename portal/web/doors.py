"""The doors of the house: places of a member, of a visitor and of the desk, in one list each.

A door is shown when its room is there and the person may enter it; a room that a later version adds is
one line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, url_for

from portal.current import district_or_none, registry
from portal.words import lazy_gettext as _


@dataclass(frozen=True, slots=True)
class Door:
    """An endpoint with its words; ``permission`` empty means anybody."""

    endpoint: str
    label: Any
    sub: Any = ""
    icon: str = "grid"
    permission: str = ""
    #: Only for those whose account belongs to a person (True), or to nobody yet (False).
    person: bool | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A door this person may enter, as templates show it."""

    label: Any
    url: str
    sub: Any = ""
    icon: str = "grid"


VISITOR = (
    Door("find.search", _("找我的党组织"), _("按单位、楼名、社区、拼音都能找"), "search"),
    Door("identity.login", _("登录"), _("用手机号登录，不用记密码"), "person"),
)
ME = (
    Door("members.record", _("我的资料"), _("登记的内容，下载一份"), "person", person=True),
    Door("account.mine", _("我的账号"), _("称呼、手机号，下载一份，删除账号"), "person", person=False),
    Door("members.my_requests", _("我的申请"), _("办到哪一步，谁在办"), "clock"),
    Door("helping.index", _("请人代办"), _("谁帮我，我帮谁"), "people"),
    Door("notices.mine", _("我的消息"), "", "bell"),
    Door("notice_choices.show", _("怎么告诉我"), _("哪些发到手机，哪些只放在这里"), "chat-dots"),
    Door("privacy.mine", _("我的隐私"), _("谁看得到、谁看过，同意过什么"), "eye"),
    Door("identity.my_security", _("账号安全"), _("密码、通行密钥、登录的设备"), "shield-lock"),
)
SECURITY = (
    Door("identity.my_sessions", _("登录的设备"), _("在哪里登录着，让别的退出"), "phone"),
    Door("identity.my_phone", _("换手机号"), _("先确认是本人，再验证新号码"), "telephone"),
    Door("identity.my_factor", _("动态口令和通行密钥"), _("登录时多一道，工作人员都要设"), "shield-check"),
    Door("identity.my_password", _("登录密码"), _("可以不设，验证码总能登录"), "key"),
)
DESK = (
    Door("desk.members", _("党员名册"), _("查找、登记、修改"), "people", "core.members.read"),
    Door(
        "desk.organizations", _("党组织"), _("名称、办公地点、上下级"), "diagram-3", "core.organizations.edit"
    ),
    Door("desk.units", _("单位"), _("企业、个体、社会组织"), "building", "core.organizations.edit"),
    Door(
        "find.place_list",
        _("楼宇、园区、社区"),
        _("谁负责，门上的二维码"),
        "geo-alt",
        "core.organizations.edit",
    ),
    Door("imports.index", _("导入表格"), _("先试查，再导入，错的退回"), "upload", "core.import"),
    Door("requests.queue", _("等待办理的申请"), "", "inbox", "core.requests.answer"),
    Door("delegations.index", _("请人代办"), _("谁替谁办，支部同意没有"), "people", "core.delegations"),
    Door(
        "rebind.find", _("换手机号、丢了动态口令"), _("当面看过身份证再办"), "telephone", "core.login_codes"
    ),
    Door("paper.codes", _("首次登录码"), _("看过身份证后打印给本人"), "key", "core.login_codes"),
    Door("find.unmatched_list", _("没找到组织的人"), "", "question-circle", "core.members.edit"),
    Door("merges.index", _("合并过的登记"), _("合错了，30天内可以撤销"), "intersect", "core.members.edit"),
    Door("queue.board", _("没办成的后台任务"), "", "clock-history", "core.queue"),
    Door("money.index", _("收款"), _("收款账户和待核对的款"), "wallet2", "core.payments"),
    Door("roles.index", _("角色"), _("谁担任什么，谁能看什么"), "person-badge", "core.roles"),
    Door("stops.index", _("停用的账号"), _("账号被人用了，马上停；核对后恢复"), "person-x", "core.roles"),
    Door("config.index", _("设置"), _("热线、天数、密钥，各项服务的规则"), "sliders", "core.settings"),
    Door("workdays.index", _("工作日历"), _("哪天放假，哪个周末上班"), "calendar3", "core.settings"),
    Door("admin.board", _("服务开关"), _("打开或关闭本地的服务"), "toggles", "core.switchboard"),
)


def open_doors(doors: tuple[Door, ...]) -> list[Link]:
    """Return the doors that are there and that this person may enter."""
    found = []
    for door in doors:
        if door.endpoint not in current_app.view_functions:
            continue
        if door.permission and not g.actor.can(door.permission):
            continue
        if door.person is not None and door.person != (g.actor.person_id is not None):
            continue
        found.append(Link(door.label, url_for(door.endpoint), door.sub, door.icon))
    return found


def desk_links() -> list[Link]:
    """Return the desk's doors: the core's, then what the plugins offer their staff."""
    district = district_or_none()
    links = open_doors(DESK)
    if district is not None:
        links += [
            Link(item.label, url_for(item.endpoint), "", item.icon)
            for item in registry().collect("nav_items", district=district, actor=g.actor)
            if item.staff
        ]
    return links
