"""What the codes of a delegation are called on screens."""

from __future__ import annotations

from portal.words import lazy_gettext as _

#: What the helper is to the member.
RELATION = {
    "child": _("子女"),
    "spouse": _("配偶"),
    "parent": _("父母"),
    "sibling": _("兄弟姐妹"),
    "relative": _("其他亲属"),
    "member": _("同支部的同志"),
}
#: What the member is to the helper: the same code, read from the other side.
HELPED = RELATION | {"child": _("父母"), "parent": _("子女")}
STATE = {
    "asked": _("等本人同意"),
    "agreed": _("等支部同意"),
    "active": _("可以代办"),
    "refused": _("没有同意"),
    "withdrawn": _("已撤回"),
    "ended": _("已停止"),
}
TONE = {
    "asked": "warn",
    "agreed": "warn",
    "active": "ok",
    "refused": "bad",
    "withdrawn": "quiet",
    "ended": "quiet",
}
#: How the member said yes.
HOW = {
    "portal": _("本人在这里同意"),
    "in_person": _("当面同意"),
    "phone": _("电话里同意"),
    "paper": _("有书面材料"),
}
CONSENT_HOW = {
    "meeting": _("支部会上同意"),
    "in_person": _("书记当面同意"),
    "phone": _("书记电话里同意"),
    "paper": _("有书面材料"),
}
END_WHY = {
    "helper": _("代办人停了"),
    "member": _("本人停了"),
    "branch": _("支部停了"),
    "date": _("到期了"),
    "left": _("登记结束了"),
    "moved": _("换了支部，要新的支部再同意"),
    "account": _("代办人的账户停用了"),
    "merged": _("两条登记合并了"),
    "erased": _("个人资料删除了"),
    "unanswered": _("一直没有答复"),
}
