"""What pages say about passkeys: where they hold, and why one was not taken."""

from __future__ import annotations

from dataclasses import dataclass

from portal.identity import passkeys
from portal.words import gettext


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page needs to offer passkeys; ``origin`` is empty where there can be none."""

    origin: str

    @property
    def only_here(self) -> bool:
        """Tell whether this installation is a machine's own, which has a name and a number."""
        return self.origin.startswith(("http://localhost", "https://localhost"))


def offer() -> Offer:
    """Return what this installation may offer."""
    found = passkeys.place()
    return Offer(found.origin if found else "")


def refusal(error: passkeys.Refused) -> str:
    """Return what somebody hears whose passkey was not taken, and what to do."""
    return {
        "late": gettext("等得太久，或者这一次已经用过了，请再点一次。"),
        "unknown": gettext("这个通行密钥不是这个账号的，或者已经去掉了。换一个，或者用别的办法。"),
        "copied": gettext("这个通行密钥可能被复制过，没有放行。请用别的办法登录，把它去掉，再告诉服务台。"),
        "taken": gettext("这个通行密钥已经登记过了，不用再加。"),
        "many": gettext("通行密钥够多了，请先去掉不用的。"),
        "nowhere": gettext("本站现在的地址不能用通行密钥，请用别的办法。"),
    }.get(error.reason, gettext("没确认上，请再试一次；还不行，请用别的办法。"))
