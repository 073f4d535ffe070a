"""The columns of the organizations' sheet; the desk's form asks the same."""

from __future__ import annotations

from portal.sheets.profiles import Column, Profile
from portal.sheets.values import dates, numbers, text
from portal.words import lazy_gettext as _

KINDS = {
    "work_committee": "党工委",
    "committee": "党委",
    "umbrella_committee": "综合党委",
    "general_branch": "党总支",
    "branch": "党支部",
    "joint_branch": "联合党支部",
    "temporary_branch": "临时党支部",
    "floating_branch": "流动党员党组织",
    "party_group": "党小组",
}
_kind = text.choice(
    {
        **{name: code for code, name in KINDS.items()},
        **{code: code for code in KINDS},
        "流动党支部": "floating_branch",
        "流动党员党支部": "floating_branch",
        "党总支部": "general_branch",
        "党支部（联合）": "joint_branch",
    },
    hint=tuple(KINDS.values()),
)
_joined = "、".join

PROFILE = Profile(
    name="organizations",
    title="党组织信息表",
    columns=(
        Column(name="number", header="序号", width=6, data_class=0),
        Column(
            name="name",
            header="党组织名称",
            aliases=("党组织全称", "党组织名称(全称)", "全称"),
            width=34,
            parse=text.full_name(120),
            required=True,
            data_class=0,
            note=_("写全称，和公章一致。"),
        ),
        Column(
            name="kind",
            header="组织类别",
            aliases=("党组织类别", "类别"),
            parse=_kind,
            required=True,
            data_class=0,
            choices=tuple(KINDS.values()),
            show=lambda code: KINDS.get(code, code),
        ),
        Column(
            name="parent",
            header="上级党组织",
            aliases=("上级党组织名称", "隶属党组织"),
            width=34,
            data_class=0,
            parse=text.full_name(120),
            note=_("写上级的全称。"),
        ),
        Column(name="code", header="党组织代码", aliases=("组织代码",), parse=text.text(20), data_class=0),
        Column(
            name="aliases",
            header="别名",
            aliases=("简称", "曾用名"),
            parse=text.split_names,
            show=_joined,
            data_class=0,
            width=20,
            note=_("几个别名用顿号隔开。"),
        ),
        Column(name="founded_on", header="成立日期", parse=dates.day, aliases=("建立日期",), data_class=0),
        Column(name="office_address", header="办公地址", aliases=("地址",), width=30, data_class=0),
        Column(
            name="office_phone",
            header="办公电话",
            aliases=("联系电话", "电话"),
            parse=numbers.phone,
            data_class=0,
            note=_("公开的办公电话，不要写私人手机。"),
        ),
        Column(
            name="opening_hours", header="开放时间", aliases=("办公时间",), parse=text.text(120), data_class=0
        ),
        Column(name="term_no", header="届次", parse=numbers.whole(1, 99), data_class=0),
        Column(name="term_start", header="本届开始", aliases=("任期开始",), parse=dates.day, data_class=0),
        Column(
            name="term_end",
            header="本届届满",
            aliases=("届满日期", "任期届满"),
            parse=dates.day,
            data_class=0,
        ),
        Column(
            name="can_transfer_directly",
            header="可直接转接",
            aliases=("是否可直接转接",),
            parse=text.yes_no,
            choices=("是", "否"),
            show=lambda yes: "是" if yes else "否",
            data_class=0,
        ),
    ),
    keys=("name",),
    notes=(
        _("从第4行开始填，每个党组织一行，带*的必填。空着的格子不会改动原来的内容。"),
        _("上级党组织写全称；最上一级空着。"),
    ),
)
