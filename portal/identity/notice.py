"""The privacy notice: what is read before a first login goes on, dated, with the source of each part.

A district may put its own words in its place (setting ``core.notice_text``); other words are another notice,
and everybody is asked again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from portal.districts import settings
from portal.plugin import DistrictRef
from portal.words import lazy_gettext as _

#: Whoever has a member record is asked for this apart from the notice.
SENSITIVE = "sensitive"
NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph with its heading; ``source`` is the article it follows, ``sure`` False if from memory."""

    title: Any
    text: Any
    source: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it was in force from a day on."""

    version: str
    parts: tuple[Part, ...]


#: Newest last; a changed word is a new entry. domain.md §9.1 says which articles were read and which not.
SHIPPED = (
    Notice(
        version="2026-11-22",
        parts=(
            Part(
                _("谁在用您的资料"),
                _(
                    "您所在地方的党群服务中心和您的党支部，用来办组织关系、党费、活动和您在这里办的事，不作别的用。"
                ),
                "PIPL 6, 17",
            ),
            Part(
                _("用哪些资料"),
                _(
                    "姓名、手机号、党支部、入党和转正日期、身份证号后4位，您在这里办的事，和登录的时间、设备。"
                ),
                "PIPL 6; domain.md §9.1",
            ),
            Part(
                _("谁看得到"),
                _("只有办这件事的工作人员，按岗位分。谁打开过您的登记，都有记录，您自己可以查。"),
                "PIPL 51",
            ),
            Part(
                _("留多久"),
                _("登录记录400天，操作记录3年，党费账目15年；您不在这里了，别的可以要求删除。"),
                "domain.md §9.2",
                sure=False,
            ),
            Part(
                _("您可以做什么"),
                _(
                    "随时查看、带走一份、要求改正或删除，也可以撤回同意。都在“我的”里的“我的隐私”，也可以到服务台办。"
                ),
                "PIPL 15, 44-47, 50",
            ),
        ),
    ),
)
CURRENT = SHIPPED[-1]
#: What is asked for separately (单独同意): PIPL 28 (read), 29 (FROM MEMORY). Whether membership is 特定身份
#: is unsettled, so it is treated as if (domain.md §9.1).
SENSITIVE_TEXT = _(
    "党员身份、所在党支部、身份证号后4位、核定党费用的收入，是敏感的个人信息，泄露了可能让您受影响。"
)


def identity(district: DistrictRef) -> str:
    """Return the name of the notice in force here: its day, and a mark of the words if they are local."""
    own = str(settings.get(district, "core.notice_text") or "").strip()
    if not own:
        return CURRENT.version
    return f"{CURRENT.version}-{hashlib.sha256(own.encode()).hexdigest()[:8]}"


def own_words(district: DistrictRef) -> str:
    """Return a district's own words, or nothing."""
    return str(settings.get(district, "core.notice_text") or "").strip()


def mark(kind: str, notice: str, *, given: bool = True) -> str:
    """Return how an account remembers an answer, ``sensitive:2026-11-22``; a refusal ends in ``:no``."""
    return f"{kind}:{notice}" if given else f"{kind}:{notice}:no"


def everything_agreed(notice: str = CURRENT.version) -> list[str]:
    """Return the marks of somebody who agreed to all of it; for the demo and for tests."""
    return [mark(NOTICE, notice), mark(SENSITIVE, notice)]
