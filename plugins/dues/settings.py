"""What a district may decide about dues."""

from portal.api import Setting
from portal.api import lazy_gettext as _l

SETTINGS = (
    Setting(
        key="dues.rounding",
        label=_l("取整"),
        default="fen",
        choices=(
            ("fen", _l("四舍五入到分")),
            ("jiao", _l("四舍五入到角")),
            ("yuan_up", _l("取整到元，只入不舍")),
        ),
        help=_l("没有全国统一的取整规定；改动只影响以后核定的数。"),
        local=True,
        source="《关于中国共产党党费收缴、使用和管理的规定》未规定取整",
    ),
    Setting(
        key="dues.party_day",
        label=_l("每月交党费的日子"),
        default=1,
        type=int,
        least=1,
        most=28,
        help=_l("每月相对固定的一天，用来提醒。"),
        local=True,
        source="中组发〔2008〕3号：党支部每月相对固定一天收缴党费",
    ),
    Setting(
        key="dues.cash_days",
        label=_l("现金最多存放几天"),
        default=3,
        type=int,
        help=_l("超过后提醒存入银行。"),
        local=True,
    ),
    Setting(
        key="dues.cash_back_days",
        label=_l("现金单最多补记几天前收的"),
        default=31,
        type=int,
        help=_l("再早收的按今天登记，免得改动已经报过的月份。"),
        local=True,
    ),
    Setting(
        key="dues.cash_limit_fen",
        label=_l("现金最多存放多少元"),
        default=50_000,
        type=int,
        fen=True,
        help=_l("超过后提醒存入银行。"),
        local=True,
    ),
)
