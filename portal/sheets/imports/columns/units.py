"""The columns of the units' sheet; the desk's form asks the same."""

from __future__ import annotations

from portal.sheets.profiles import Column, Profile
from portal.sheets.values import numbers, text
from portal.words import lazy_gettext as _

KINDS = {
    "nonpublic_enterprise": "非公企业",
    "self_employed": "个体工商户",
    "social_org": "社会组织",
    "public": "机关事业单位",
    "other": "其他",
}
STATUSES = {"operating": "正常经营", "suspended": "停业", "closed": "注销"}
PLACE_KINDS = ("building", "park", "market")
AREA_KINDS = ("area", "community", "street")
_kind = text.choice(
    {
        **{name: code for code, name in KINDS.items()},
        **{code: code for code in KINDS},
        "非公有制企业": "nonpublic_enterprise",
        "企业": "nonpublic_enterprise",
        "个体": "self_employed",
        "个体户": "self_employed",
        "事业单位": "public",
        "机关": "public",
    },
    hint=tuple(KINDS.values()),
)
_status = text.choice(
    {
        **{name: code for code, name in STATUSES.items()},
        **{code: code for code in STATUSES},
        "经营": "operating",
        "在业": "operating",
        "存续": "operating",
        "开业": "operating",
        "歇业": "suspended",
        "停产": "suspended",
        "吊销": "closed",
    },
    hint=tuple(STATUSES.values()),
)

PROFILE = Profile(
    name="units",
    title="单位信息表",
    columns=(
        Column(name="number", header="序号", width=6, data_class=0),
        Column(
            name="name",
            header="单位名称",
            aliases=("单位全称", "企业名称", "公司名称"),
            parse=text.full_name(120),
            required=True,
            width=34,
            data_class=0,
            note=_("写营业执照上的全称。"),
        ),
        Column(
            name="kind",
            header="单位类别",
            aliases=("单位性质", "单位性质类别", "类别"),
            parse=_kind,
            required=True,
            choices=tuple(KINDS.values()),
            show=lambda code: KINDS.get(code, code),
            data_class=0,
        ),
        Column(
            name="uscc",
            header="统一社会信用代码",
            aliases=("信用代码", "社会信用代码", "单位代码"),
            parse=numbers.credit_code,
            width=22,
            data_class=0,
        ),
        Column(
            name="aliases",
            header="简称或别名",
            aliases=("简称", "别名", "曾用名"),
            parse=text.split_names,
            show="、".join,
            width=20,
            data_class=0,
            note=_("几个别名用顿号隔开，大家按这些名字也能找到。"),
        ),
        Column(name="address", header="地址", aliases=("单位地址", "经营地址"), width=30, data_class=0),
        Column(
            name="place",
            header="园区或楼宇",
            aliases=("所在园区", "所在楼宇", "楼宇", "园区"),
            parse=text.full_name(80),
            data_class=0,
        ),
        Column(
            name="area",
            header="片区或社区",
            aliases=("所在社区", "社区", "片区", "街道"),
            parse=text.full_name(80),
            data_class=0,
        ),
        Column(name="industry", header="行业", aliases=("所属行业",), parse=text.text(60), data_class=0),
        Column(
            name="operating_status",
            header="经营状态",
            aliases=("经营情况",),
            parse=_status,
            choices=tuple(STATUSES.values()),
            show=lambda code: STATUSES.get(code, code),
            data_class=0,
        ),
        Column(
            name="above_scale",
            header="是否规模以上",
            aliases=("规模以上", "规上", "是否规上"),
            parse=text.yes_no,
            choices=("是", "否"),
            show=lambda yes: "是" if yes else "否",
            data_class=0,
        ),
        Column(
            name="staff",
            header="从业人数",
            aliases=("职工人数", "员工人数", "职工数"),
            parse=numbers.whole(0, 9_999_999),
            data_class=0,
        ),
        Column(
            name="organization",
            header="负责的党组织",
            aliases=("所属党组织", "党组织名称", "所在党支部", "党组织"),
            parse=text.full_name(120),
            width=34,
            data_class=0,
            note=_("写党组织的全称；联合党支部管几个单位，就在每个单位这一行都写上。"),
        ),
    ),
    keys=("uscc",),
    notes=(
        _("从第4行开始填，每个单位一行，带*的必填。空着的格子不会改动原来的内容。"),
        _("先导入党组织，再导入单位，最后导入党员。"),
    ),
)
