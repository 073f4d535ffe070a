"""The district's own values: those of a policy (``policy.py``), and when parties are told that they part."""

from __future__ import annotations

from portal.api import Setting
from portal.api import lazy_gettext as _l

from .policy import DECLARED
from .walking import Pace

SETTINGS = (
    *DECLARED,
    Setting(
        key="bookings.agreement_days",
        type=int,
        default=30,
        label=_l("共享协议到期前多少天告诉双方"),
        help=_l("告诉两方可以签协议的人，0表示不告诉。"),
        most=366,
        local=True,
    ),
    Setting(
        key="bookings.agreement_days_again",
        type=int,
        default=7,
        label=_l("共享协议到期前多少天再告诉一次"),
        help=_l("0表示不再告诉。"),
        most=366,
        local=True,
    ),
    Setting(
        key="bookings.winding_percent",
        type=int,
        default=Pace().winding_percent,
        label=_l("走的路是直线的百分之多少"),
        help=_l("用来估算走路几分钟；山多、水多的地方可以大些。"),
        least=100,
        most=500,
        local=True,
    ),
    Setting(
        key="bookings.metres_a_minute",
        type=int,
        default=Pace().metres_a_minute,
        label=_l("一分钟走多少米"),
        help=_l("照年纪大的人走的快慢来定。"),
        least=20,
        most=150,
        local=True,
    ),
)
#: How many days before its end the parties of an agreement are told.
ENDING = ("bookings.agreement_days", "bookings.agreement_days_again")
