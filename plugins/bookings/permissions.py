"""Who may do what. A secretary reaches the venues of the own organization; a center is the district's."""

from __future__ import annotations

from portal.api import Permission
from portal.api import lazy_gettext as _l

BOOK = "bookings.book"
SEE = "bookings.see"
DESK = "bookings.desk"
APPROVE = "bookings.approve"
MANAGE = "bookings.manage"
REPORT = "bookings.report"
STAND_IN = "bookings.stand_in"

PERMISSIONS = [
    Permission(name=BOOK, label=_l("约场地"), roles=frozenset({"resident"})),
    Permission(name=SEE, label=_l("看谁约了场地"), roles=frozenset({"desk", "district_admin", "secretary"})),
    Permission(
        name=DESK,
        label=_l("替来人约场地，签到，交接钥匙"),
        roles=frozenset({"desk", "district_admin", "secretary"}),
    ),
    Permission(
        name=APPROVE, label=_l("审批场地申请"), roles=frozenset({"desk", "district_admin", "secretary"})
    ),
    Permission(
        name=MANAGE,
        label=_l("管理场馆、房间、开放时间和停用"),
        roles=frozenset({"district_admin", "desk", "secretary"}),
    ),
    Permission(
        name=REPORT,
        label=_l("看场地使用情况"),
        roles=frozenset({"district_admin", "desk", "secretary", "auditor"}),
    ),
    Permission(
        name=STAND_IN,
        label=_l("受委托代乙方签共享协议，会写明是谁代签"),
        roles=frozenset({"district_admin"}),
    ),
]
