"""Screen words of what rate tables and sheets call in Chinese: categories, columns, items of pay."""

from __future__ import annotations

from portal.api import gettext
from portal.api import lazy_gettext as _l

#: Labels of the rate tables and of the sheets' choices; here so that catalogues know them (held by a test).
NAMED = (
    _l("按月领工资"),
    _l("年薪制"),
    _l("个体、私营业主、自由职业（不按月领工资）"),
    _l("自由职业"),
    _l("离退休"),
    _l("务农"),
    _l("学生"),
    _l("下岗失业"),
    _l("依靠抚恤或救济生活"),
    _l("领取最低生活保障金"),
    _l("党费类别"),
    _l("党费基数"),
    _l("党费缴至"),
    # Kinds of unit and items of pay in the formulas for the base.
    _l("只扣个人所得税"),
    _l("岗位工资"),
    _l("薪级工资"),
    _l("绩效工资"),
    _l("津贴补贴"),
    _l("所得税"),
    _l("事业单位"),
    _l("基础性绩效"),
    _l("养老保险"),
    _l("职业年金"),
    _l("住房公积金"),
    _l("医疗保险"),
    _l("失业保险"),
    _l("奖励性绩效"),
    _l("取暖费"),
    _l("防暑降温费"),
    _l("物业费"),
    _l("交通补贴"),
    _l("通讯补贴"),
    _l("住房补贴"),
    _l("加班费"),
    _l("误餐费"),
    _l("工伤保险"),
    _l("生育保险"),
    _l("事业单位（县级图例）"),
    _l("生活补贴"),
    _l("工作性补贴"),
    _l("扣款合计"),
    _l("机关"),
    _l("职务工资"),
    _l("级别工资"),
    _l("企业"),
    _l("基本工资"),
    _l("固定奖金"),
    _l("企业年金"),
    _l("不固定奖金"),
)


def on_screen(label: str) -> str:
    """Say a category in the reader's language; a label of somebody's own table stays as it is written."""
    return gettext(label) if label else ""
