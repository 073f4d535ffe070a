"""An agreement in plain words: who may use the venue, when, until when, and what it costs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from portal.api import Organization, civil, rows, session
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from .agreements import window_words
from .models import BookingsAgreement

_ORGANIZATION: Any = Organization.__table__.c
STATES: dict[str, tuple[Any, str]] = {
    "draft": (_l("起草中"), "quiet"),
    "signed_a": (_l("等另一方签"), "warn"),
    "active": (_l("生效"), "ok"),
    "suspended": (_l("暂停"), "warn"),
    "ended": (_l("已结束"), "quiet"),
}
GROUP_WORDS: dict[str, Any] = {
    "organizations": _l("本区所有党组织"),
    "named": _l("下面写明的单位"),
    "members": _l("党员个人"),
    "residents": _l("居民个人"),
}

#: What was done with an agreement, as the audit names it.
STEPS: dict[str, Any] = {
    "draft": _l("起草了"),
    "change": _l("改了草稿"),
    "sign_a": _l("甲方签了"),
    "sign_b": _l("乙方签了，生效"),
    "stand_in_b": _l("受乙方委托代签，生效"),
    "give_back": _l("退回去改"),
    "suspend": _l("暂停了"),
    "resume": _l("恢复了"),
    "end": _l("定了结束"),
    "expire": _l("到期结束"),
}


def names(ids: Iterable[int]) -> dict[int, str]:
    """Return the names of organizations."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    found = rows(Organization, _ORGANIZATION.id, _ORGANIZATION.name).where(_ORGANIZATION.id.in_(wanted))
    return {row.id: row.name for row in session.execute(found)}


def groups(row: BookingsAgreement, known: Mapping[int, str]) -> str:
    """Say who may use the venue."""
    parts = [str(GROUP_WORDS[one]) for one in row.groups if one in GROUP_WORDS and one != "named"]
    if "named" in row.groups:
        parts += [known[one] for one in row.named_ids if one in known]
    return _("、").join(parts) or _("只有签协议的另一方")


def hours(windows: Sequence[Mapping[str, Any]]) -> str:
    """Say when it may be used."""
    return _("，").join(window_words(one) for one in windows) or _("场地开放的时间都可以")


def dates(row: BookingsAgreement) -> str:
    """Say from when until when it holds; the day after the last one stands in the row."""
    if row.valid_to is None:
        return _("%(first)s起，长期有效", first=civil(row.valid_from))
    last = row.valid_to - timedelta(days=1)
    return _("%(first)s至%(last)s", first=civil(row.valid_from), last=civil(last))


def facts(row: BookingsAgreement, known: Mapping[int, str]) -> list[tuple[str, str]]:
    """Return what anybody may know of an agreement, name and value."""
    return [
        (_("谁可以用"), groups(row, known)),
        (_("什么时候"), hours(row.hours)),
        (_("到什么时候"), dates(row)),
        (_("费用"), row.cost or _("没有写明，请问场地单位")),
        (_("保险"), row.insurance or _("没有写明，请问场地单位")),
    ]
