"""What may be done with dues, and by whom unless a district decides otherwise."""

from portal.api import Permission
from portal.api import lazy_gettext as _l

PERMISSIONS = (
    Permission(name="dues.pay", label=_l("查看和交自己的党费"), roles=frozenset({"member"})),
    Permission(name="dues.pay_for", label=_l("替家人或同志代交党费"), roles=frozenset({"resident"})),
    Permission(
        name="dues.collect",
        label=_l("查看支部收缴情况、登记现金"),
        roles=frozenset({"dues_collector", "secretary"}),
    ),
    Permission(
        name="dues.assess",
        label=_l("登记党费基数"),
        roles=frozenset({"dues_collector", "secretary", "treasurer"}),
    ),
    Permission(name="dues.approve", label=_l("核定党费"), roles=frozenset({"treasurer"})),
    Permission(
        name="dues.propose",
        label=_l("提出少交、免交"),
        roles=frozenset({"dues_collector", "secretary"}),
    ),
    Permission(name="dues.relieve", label=_l("支部研究少交、免交"), roles=frozenset({"secretary"})),
    Permission(
        name="dues.relieve_above",
        label=_l("批准少交、免交（上一级党委）"),
        roles=frozenset({"district_admin", "registrar"}),
    ),
    Permission(
        name="dues.totals",
        label=_l("查看各支部党费合计"),
        roles=frozenset({"district_admin", "treasurer"}),
    ),
    Permission(name="dues.void", label=_l("作废缴费凭证"), roles=frozenset({"treasurer"})),
    Permission(
        name="dues.opening",
        label=_l("设定开账月份"),
        roles=frozenset({"treasurer", "desk", "district_admin"}),
    ),
)
