"""What the codes of a member's record are called on screens (glossary, domain.md §4.1 and §11)."""

from __future__ import annotations

from portal.words import lazy_gettext as _

STAGE = {
    "applicant": _("入党申请人"),
    "activist": _("入党积极分子"),
    "candidate": _("发展对象"),
    "probationary": _("预备党员"),
    "full": _("正式党员"),
}
STATE = {"normal": _("正常"), "suspended": _("停止党籍"), "left": _("已转出")}
SEX = {"1": _("男"), "2": _("女"), "9": "", "0": ""}
REQUEST_STATE = {
    "open": _("等待办理"),
    "accepted": _("已同意"),
    "refused": _("没有同意"),
    "withdrawn": _("已撤回"),
}
REQUEST_STEP = {
    "asked": _("已提交"),
    "accepted": _("已同意"),
    "refused": _("没有同意"),
    "withdrawn": _("已撤回"),
}
#: How a request's state is shown: kind of tag.
REQUEST_TONE = {"open": "warn", "accepted": "ok", "refused": "bad", "withdrawn": "quiet"}
EXIT = {
    "transferred_out": _("转往外地"),
    "deceased": _("去世"),
    "settled_abroad": _("出国定居"),
    "withdrew": _("退党"),
    "persuaded": _("劝退"),
    "struck_off": _("劝而不退除名"),
    "self_withdrawn": _("除名"),
    "expelled": _("开除党籍"),
    "probation_cancelled": _("取消预备党员资格"),
    "not_recognised": _("不予承认"),
}
