"""Screen words of what rate tables and sheets call in Chinese: categories and the sheet's own columns."""

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
)


def on_screen(label: str) -> str:
    """Say a category in the reader's language; a label of somebody's own table stays as it is written."""
    return gettext(label) if label else ""
