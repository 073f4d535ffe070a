"""What a district decides for itself."""

from portal.api import Setting
from portal.api import lazy_gettext as _l

SETTINGS = (
    Setting(
        key="wall.open_days",
        label=_l("心愿挂几天"),
        default=90,
        type=int,
        help=_l("过了这么多天没人认领的，自动收起来。"),
        local=True,
    ),
)
