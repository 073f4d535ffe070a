"""Messages to people: written with the act that causes them, sent after its commit (rule K6).

``notify`` puts a row where the person finds it in the portal and sends an outward message that says nothing
about membership or debts; ``send_to_phone`` is for one-time codes. Channels come from the hook
``notice_channels``.
"""

from portal.notices.delivery import KEPT_DAYS, Address, configure
from portal.notices.group import GroupText, group_text
from portal.notices.queries import inbox, stuck, unread_count
from portal.notices.service import (
    INSIDE,
    choose,
    chosen,
    forget_numbers,
    mark_read,
    notify,
    resend,
    send_to_phone,
)
from portal.notices.templates import KINDS, Template, declare
from portal.notices.undelivered import forget_undelivered

__all__ = [
    "INSIDE",
    "KEPT_DAYS",
    "KINDS",
    "Address",
    "GroupText",
    "Template",
    "choose",
    "chosen",
    "configure",
    "declare",
    "forget_numbers",
    "forget_undelivered",
    "group_text",
    "inbox",
    "mark_read",
    "notify",
    "resend",
    "send_to_phone",
    "stuck",
    "unread_count",
]
