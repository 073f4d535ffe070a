"""Settings in words: a value, where it comes from, and what is wrong with one that was typed."""

from __future__ import annotations

from typing import Any

from portal.districts import settings
from portal.districts.setting_values import LONGEST, BadValue
from portal.plugin import Setting
from portal.web.frame import fen
from portal.words import gettext as _


def words(setting: Setting, value: Any) -> str:
    """Say a value; a secret is never shown."""
    if setting.secret:
        return _("已设置") if value else _("未设置")
    for choice, label in setting.choices:
        if choice == value:
            return str(label)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    if setting.fen and value is not None:
        return fen(value)
    return _("未填") if value is None or value == "" else str(value)


def worded(key: str, value: Any) -> str:
    """Say what the trail kept of a setting's own value; None is one that was inherited."""
    if value is None:
        return _("跟随上级")
    setting = settings.declared().get(key)
    return str(value) if setting is None else words(setting, value)


def source(here: int, origin: int | None, names: dict[int, str]) -> str:
    """Say where a value comes from."""
    if origin is None:
        return _("默认")
    return _("本级设置") if origin == here else _("继承自%(name)s", name=names.get(origin, ""))


def wrong(setting: Setting, bad: BadValue) -> str:
    """Say what is wrong with a typed value, and how to mend it."""
    if setting.fen and bad.reason in {"range", "type"}:
        least, most = fen(setting.least), fen(setting.most)
        return _("请填金额，%(least)s到%(most)s，最多写到分，比如500或者99.50。", least=least, most=most)
    if bad.reason == "range" or bad.reason == "type" and setting.type is int:
        if setting.most < 2**31 - 1:
            return _("请填%(least)s到%(most)s之间的整数。", least=setting.least, most=setting.most)
        return _("请填整数，不小于%(least)s。", least=setting.least)
    if bad.reason == "long":
        return _("太长了，最多%(most)s个字。", most=LONGEST)
    if bad.reason == "odd":
        return _("里面有看不见的控制字符，请重新填写。")
    if bad.reason == "check":
        return _("这样填用不了。%(help)s", help=setting.help)
    return _("请选一项。")
