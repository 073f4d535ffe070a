"""What the dues put before their staff: places on the desk, and what waits for them."""

from __future__ import annotations

from flask import url_for

from portal.api import Actor, NavItem, Todo, clock, district, settings
from portal.api import gettext as _
from portal.api import lazy_gettext as _l

from .queries import arrears, bases, cash, reliefs
from .rate_files import rate_tables

#: Whoever collects finds the other places on the branch's page.
PLACES = (
    ("dues.branch", _l("支部党费"), "dues.branch", "people", "dues.collect"),
    ("dues.bases", _l("党费基数"), "dues.bases", "clipboard-check", "dues.approve"),
    ("dues.cash", _l("现金存银行"), "dues.cash_deposits", "wallet2", "dues.approve"),
    ("dues.totals", _l("各支部党费"), "dues.totals", "diagram-3", "dues.totals"),
    ("dues.reliefs", _l("少交、免交"), "dues.reliefs", "inbox", "dues.relieve_above"),
    ("dues.openings", _l("党费从哪个月开始登记"), "dues.openings", "clock", "dues.opening"),
)


def nav(actor: Actor) -> list[NavItem]:
    """Return the staff's places on the desk."""
    return [
        NavItem(key=key, label=label, endpoint=endpoint, icon=icon, order=31, staff=True)
        for key, label, endpoint, icon, permission in PLACES
        if actor.can(permission)
    ]


def todos(actor: Actor) -> list[Todo]:
    """Return what waits for this person as staff; nothing is asked of the database for anybody else."""
    if not actor.is_staff:
        return []
    found = [*_collecting(actor), *_approving(actor), *_above(actor)]
    count = reliefs.to_decide(actor)
    found.append((count, "dues.reliefs", _("少交、免交等您批"), url_for("dues.reliefs", state="open")))
    return [
        Todo(key=key, label=label, url=url, count=count, order=21)
        for count, key, label, url in found
        if count
    ]


def _collecting(actor: Actor) -> list[tuple[int, str, str, str]]:
    reach = actor.reach("dues.collect")
    if not reach:
        return []
    to_count, sent_back = cash.waiting(actor, reach)
    found = [
        (to_count, "dues.cash", _("现金单等您点钱核对"), url_for("dues.cash")),
        (sent_back, "dues.cash.back", _("现金单被退回，等您改好再交"), url_for("dues.cash")),
    ]
    if not reach.everywhere:
        steps = rate_tables().on(clock.today()).review
        waiting, url = arrears.reviews(reach), url_for("dues.arrears")
        meeting = _("有人连续%(n)s个月没登记党费，请支部研究", n=steps.meeting)
        talk = _("有人连续%(n)s个月没登记党费，请当面了解", n=min(steps.branch_task))
        found += [(waiting.meeting, "dues.arrears", meeting, url), (waiting.talk, "dues.talk", talk, url)]
    return found


def _above(actor: Actor) -> list[tuple[int, str, str, str]]:
    """Tell the level above in how many branches it is the meeting's turn: numbers, nobody by name."""
    reach = actor.reach("dues.totals")
    if not reach:
        return []
    months = rate_tables().on(clock.today()).review.meeting
    label = _("有支部的同志连续%(n)s个月没登记党费，请和支部一起研究", n=months)
    return [(arrears.reviews(reach).branches, "dues.arrears.above", label, url_for("dues.totals"))]


def _approving(actor: Actor) -> list[tuple[int, str, str, str]]:
    reach = actor.reach("dues.approve")
    if not reach:
        return []
    here = district()
    limit = settings.get(here, "dues.cash_limit_fen")
    holders = cash.held(days=settings.get(here, "dues.cash_days"))
    late = sum(1 for _account, _name, fen, _since, long in holders if long or fen > limit)
    waiting = bases.to_approve(reach, account_id=actor.account_id)
    return [
        (waiting, "dues.bases.approve", _("党费基数等您核定"), url_for("dues.bases", state="confirmed")),
        (late, "dues.cash.held", _("手里的现金该存银行了"), url_for("dues.cash_deposits")),
    ]
