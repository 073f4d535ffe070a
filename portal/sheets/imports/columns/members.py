"""The official member sheet (21 columns, 2017; domain.md §8.4), and 工作单位; plugins add theirs."""

from __future__ import annotations

from portal.sheets.profiles import Column, Profile
from portal.sheets.values import codes, dates, numbers, text
from portal.words import lazy_gettext as _

# The official sheet knows full and probationary; the people on the way are kept by the same sheet.
STAGES = codes.STAGES | {"candidate": "发展对象", "activist": "入党积极分子", "applicant": "入党申请人"}
_stage = text.choice(
    {
        **{name: code for code, name in STAGES.items()},
        **{code: code for code in STAGES},
        "正式": "full",
        "预备": "probationary",
        "积极分子": "activist",
    },
    hint=("正式党员", "预备党员"),
)


def _yes(yes: bool) -> str:
    return "是" if yes else "否"


PROFILE = Profile(
    name="members",
    title="党员信息采集表",
    columns=(
        Column(name="number", header="序号", width=6, data_class=0),
        Column(
            name="name",
            header="姓名",
            aliases=("党员姓名",),
            parse=text.person_name,
            required=True,
            width=12,
            data_class=2,
        ),
        Column(
            name="branch",
            header="所在党支部",
            aliases=("所在支部", "党支部", "支部", "支部名称", "所在党组织", "组织关系所在党支部"),
            parse=text.full_name(120),
            required=True,
            width=34,
            data_class=2,
            note=_("写党支部的全称，和登记的一致。"),
        ),
        Column(
            name="ric",
            header="公民身份证号",
            aliases=("身份证", "身份证号", "身份证号码", "公民身份号码", "公民身份证号码", "证件号码"),
            parse=numbers.resident_id,
            required=True,
            width=22,
            data_class=3,
            note=_("18位，照身份证填写。"),
        ),
        Column(
            name="sex",
            header="性别",
            parse=codes.sex,
            choices=("男", "女"),
            show=lambda code: codes.SEX.get(code, ""),
            width=6,
            data_class=2,
        ),
        Column(
            name="nation",
            header="民族",
            parse=codes.nation,
            choices=tuple(f"{name}族" for name in codes.NATIONS.values()),
            show=codes.nation_name,
            width=10,
            data_class=2,
        ),
        Column(
            name="birth_date",
            header="出生日期",
            aliases=("出生年月", "出生年月日"),
            parse=dates.day,
            data_class=2,
            note=_("以人事档案为准，写成1985-07-01。"),
        ),
        Column(
            name="education",
            header="学历",
            aliases=("文化程度",),
            parse=codes.education,
            choices=tuple(codes.EDUCATION.values()),
            show=lambda code: codes.EDUCATION.get(code, code),
            data_class=2,
        ),
        Column(
            name="stage",
            header="人员类别",
            aliases=("党员类别",),
            parse=_stage,
            required=True,
            choices=("正式党员", "预备党员"),
            show=lambda code: STAGES.get(code, code),
            data_class=2,
        ),
        Column(
            name="joined_on",
            header="加入党组织日期",
            aliases=("入党日期", "入党时间", "加入中共组织的时间", "加入党组织时间"),
            parse=dates.day,
            data_class=2,
        ),
        Column(
            name="full_on",
            header="转为正式党员日期",
            aliases=("转正日期", "转正时间", "转为正式党员时间"),
            parse=dates.day,
            data_class=2,
        ),
        Column(name="post", header="工作岗位", aliases=("岗位", "职务"), parse=text.text(60), data_class=2),
        Column(
            name="phone",
            header="手机号",
            aliases=("手机", "手机号码", "联系手机", "移动电话", "联系电话", "电话"),
            parse=numbers.mobile,
            data_class=2,
        ),
        Column(
            name="landline",
            header="固定电话",
            aliases=("座机",),
            parse=numbers.landline,
            data_class=2,
            note=_("带区号，如010-12345678。"),
        ),
        Column(
            name="address",
            header="家庭住址",
            aliases=("住址", "家庭地址", "现居住地"),
            width=30,
            data_class=2,
        ),
        Column(
            name="state",
            header="党籍状态",
            parse=codes.membership_state,
            choices=("正常", "停止党籍"),
            # "left" is on no sheet, but on the page of a record that has ended.
            show=lambda code: {"left": "已结束"}.get(code) or codes.MEMBERSHIP_STATES.get(code, code),
            data_class=2,
        ),
        Column(
            name="lost_contact",
            header="是否为失联党员",
            aliases=("是否失联",),
            parse=text.yes_no,
            choices=("是", "否"),
            show=_yes,
            data_class=3,
        ),
        Column(
            name="lost_contact_on",
            header="失去联系日期",
            aliases=("失联日期",),
            parse=dates.day,
            data_class=3,
        ),
        Column(
            name="floating",
            header="是否为流动党员",
            aliases=("是否流动",),
            parse=text.yes_no,
            choices=("是", "否"),
            show=_yes,
            data_class=2,
        ),
        Column(name="floating_to", header="外出流向", aliases=("流向",), parse=text.text(120), data_class=2),
        Column(name="remark", header="备注", parse=text.text(300), data_class=3),
        Column(
            name="unit",
            header="工作单位",
            aliases=("所在单位", "单位名称"),
            parse=text.full_name(120),
            width=30,
            data_class=2,
            note=_("写登记过的单位全称。"),
        ),
    ),
    keys=("ric",),
    notes=(
        _("从第4行开始填，每人一行，带*的必填。空着的格子不会改动原来的内容。"),
        _("身份证号只用来核对是不是同一个人；除非本地另有设置，导入后只留后4位。"),
    ),
)
