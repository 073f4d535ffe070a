"""The district's own values: those of a policy (``policy.py``), and when parties are told that they part."""

from __future__ import annotations

from portal.api import Setting
from portal.api import lazy_gettext as _l

from .policy import DECLARED

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
)
#: How many days before its end the parties of an agreement are told.
ENDING = ("bookings.agreement_days", "bookings.agreement_days_again")
