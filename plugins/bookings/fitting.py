"""Why a room fits: what was asked for and is met there, in one short line."""

from __future__ import annotations

from collections.abc import Sequence

from portal.api import district, ngettext
from portal.api import gettext as _

from . import points, words
from .judging import Asker
from .policy import Policy, policies
from .queries.search import Found, Need


def reasons(fit: Sequence[Found], need: Need) -> dict[int, str]:
    """Return for each room what it has of what was asked for, and how soon it is had; by the room's id."""
    known = policies(district(), [one.room for one in fit])
    answers = _Answers(need.asker)
    return {
        one.room.id: _("合适：%(why)s", why=" · ".join([*_met(one, need), answers.of(known[one.room.id])]))
        for one in fit
    }


def _met(one: Found, need: Need) -> list[str]:
    found = []
    if need.headcount:
        found.append(ngettext("%(num)s人坐得下", "%(num)s人坐得下", need.headcount))
    has = [str(words.FEATURES[key]) for key in need.features]
    if not one.verdicts:
        has += need.equipment
    if has:
        found.append(_("有%(what)s", what=_("、").join(has)))
    if one.verdicts and need.equipment:
        found.append(_("%(what)s那时借得到", what=_("、").join(need.equipment)))
    if need.step_free:
        found.append(_("不走台阶"))
    if one.minutes is not None:
        found.append(ngettext("走路大约%(n)s分钟", "走路大约%(n)s分钟", one.minutes, n=one.minutes))
    return found


class _Answers:
    """How soon each policy answers this person; one look at their points serves all rooms alike."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._full: dict[tuple[bool, int, int], bool] = {}

    def of(self, policy: Policy) -> str:
        if policy.approval != "ask" and not self._points(policy):
            return _("约上就算")
        days = policy.answer_workdays
        return ngettext("一般%(num)s个工作日内答复", "一般%(num)s个工作日内答复", days)

    def _points(self, policy: Policy) -> bool:
        rule = (policy.points, policy.points_limit, policy.points_approval_days)
        if rule not in self._full:
            self._full[rule] = points.full(policy, self._asker.account_id)
        return self._full[rule]
