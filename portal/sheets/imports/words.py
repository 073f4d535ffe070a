"""The words of the import pages."""

from __future__ import annotations

from portal.words import lazy_gettext as _

KINDS = {"organizations": _("党组织"), "units": _("单位"), "members": _("党员")}
VERDICTS = {
    "new": _("新增"),
    "changed": _("修改"),
    "same": _("不变"),
    "refused": _("没通过"),
    "hidden": _("隐藏，不导入"),
}
#: kinds of the status tag: never colour alone, the words stand in it
TAGS = {"new": "ok", "changed": "info", "same": "quiet", "refused": "bad", "hidden": "quiet"}
STATES = {
    "mapping": _("等您指认列"),
    "checking": _("正在核对"),
    "ready": _("核对好了，还没导入"),
    "committing": _("正在导入"),
    "committed": _("已导入"),
    "undone": _("已撤销"),
    "discarded": _("已放弃"),
}
PERMISSIONS = {
    "organizations": "core.organizations.edit",
    "units": "core.organizations.edit",
    "members": "core.members.edit",
}
