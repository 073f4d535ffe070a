"""What people are told. Outward nothing about anybody, inside what happened."""

from portal.api import lazy_gettext as _l
from portal.api import notices

GRANTED = notices.declare(
    notices.Template(
        key="wall.granted",
        title=_l("您有一条新消息"),
        body=_l("您办的事有了结果，请登录服务平台查看。"),
        inside=_l("您写的心愿有人办了，请看看答复。"),
    )
)
