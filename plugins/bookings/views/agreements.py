"""The register of agreements: find one, read it, write a draft, print it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import abort, g, request, url_for

from portal.api import civil, clock, go, once, render, required_version, requires, say
from portal.api import gettext as _

from .. import agreement_words as words
from .. import permissions
from ..agreement_form import KINDS, LINES, named_lines, read, typed_of
from ..agreements import window_words
from ..models import BookingsAgreement, BookingsVenue
from ..queries import agreements as queries
from ..queries import venue_list as venues
from ..service import agreeing, parties
from ..verdicts import Refused
from ..words import in_brackets
from . import bookings

PAGE = 50
_FILTERS = ("", "active", "soon", "signed_a", "draft", "suspended", "ended")


@bookings.get("/agreements/")
@requires(permissions.REPORT)
def agreements() -> Any:
    """List the agreements within reach."""
    reach = g.actor.reach(permissions.REPORT)
    state = request.args.get("state", "")
    state = state if state in _FILTERS else ""
    typed, venue_uid = request.args.get("q", "").strip()[:40], request.args.get("venue", "")[:26]
    found = queries.register(
        reach,
        state=state,
        typed=typed,
        venue_uid=venue_uid,
        before=request.args.get("after", type=int),
        limit=PAGE + 1,
    )
    labels = {
        "": _("全部"),
        "soon": _("快到期"),
        **{key: text for key, (text, _tone) in words.STATES.items()},
    }
    return render(
        "bookings/agreements.html",
        rows=found[:PAGE],
        after=found[PAGE - 1].id if len(found) > PAGE else None,
        typed=typed,
        state=state,
        venue_uid=venue_uid,
        filters=[(key, labels[key]) for key in _FILTERS],
        states=words.STATES,
        dates=words.dates,
        writes=g.actor.can(permissions.MANAGE),
    )


@bookings.get("/agreements/new")
@requires(permissions.MANAGE)
def agreement_new() -> Any:
    """Ask what is to be agreed; ``replaces`` begins with the terms of the one it takes the place of."""
    old = _replaced(request.args.get("replaces", ""))
    venue = _venue(request.args.get("venue", "")) if old is None else _venue_of(old)
    typed = typed_of(old, words.names(old.named_ids)) if old is not None else {}
    if old is not None:
        typed["valid_from"] = (clock.today() + timedelta(days=1)).isoformat()
    return _form(venue, typed=typed, replaces=old)


@bookings.post("/agreements/new")
@requires(permissions.MANAGE)
@once
def agreement_draft() -> Any:
    """Write the draft down; nothing holds before both have signed."""
    old = _replaced(request.form.get("replaces", ""))
    venue = _venue(request.form.get("venue", "")) if old is None else _venue_of(old)
    terms, errors = read(request.form, names=_names())
    if venue is None:
        return _form(None, errors={"venue": _("请选是哪个场地。"), **errors}, replaces=old)
    if terms is None:
        return _form(venue, errors=errors, replaces=old)
    try:
        made = agreeing.draft(venue, terms, replaces=old, by=g.actor)
    except Refused as refused:
        return _form(venue, errors=_beside(refused), replaces=old)
    say(_("草稿写好了。先请场地单位的书记签，再请另一方签。"))
    return go(url_for("bookings.agreement", uid=made.uid))


@bookings.get("/agreements/<uid>")
@requires(permissions.REPORT)
def agreement(uid: str) -> Any:
    """Show one agreement, who has signed, and whose turn it is."""
    row = agreement_of(uid, permissions.REPORT)
    return render("bookings/agreement.html", **shown(row), **_turns(row))


@bookings.get("/agreements/<uid>/edit")
@requires(permissions.MANAGE)
def agreement_edit(uid: str) -> Any:
    """Show a draft to be changed."""
    row = agreement_of(uid, permissions.MANAGE)
    return _form(_venue_of(row), typed=typed_of(row, words.names(row.named_ids)), row=row)


@bookings.post("/agreements/<uid>/edit")
@requires(permissions.MANAGE)
@once
def agreement_change(uid: str) -> Any:
    """Change a draft that nobody has signed."""
    row = agreement_of(uid, permissions.MANAGE)
    version = required_version()
    terms, errors = read(request.form, names=_names())
    if terms is None:
        return _form(_venue_of(row), errors=errors, row=row)
    try:
        agreeing.change(row, terms, version=version, by=g.actor)
    except Refused as refused:
        return _form(_venue_of(row), errors=_beside(refused), row=row)
    say(_("草稿改好了。"))
    return go(url_for("bookings.agreement", uid=uid))


@bookings.get("/agreements/<uid>/print")
@requires(permissions.REPORT)
def agreement_print(uid: str) -> Any:
    """Show the text of an agreement on a sheet, with lines to sign on; no seal is drawn."""
    return render("bookings/agreement_print.html", **shown(agreement_of(uid, permissions.REPORT)))


def agreement_of(uid: str, permission: str) -> BookingsAgreement:
    """Return an agreement this person reaches; 404 otherwise."""
    row = queries.one(uid, g.actor.reach(permission))
    if row is None:
        abort(404)
    return row


def shown(row: BookingsAgreement) -> dict[str, Any]:
    """Return what pages say of an agreement."""
    venue = _venue_of(row)
    owner = venues.owner_of(venue)
    steps = queries.steps(row)
    people = queries.people([row.signed_a_by, row.signed_b_by, *(one.actor_id for one in steps)])
    acts = [one.action.removeprefix("bookings.agreement_") for one in steps]
    stood_in = "stand_in_b" in acts
    return {
        "row": row,
        "venue": venue,
        "owner": owner,
        "state": words.STATES[row.state],
        "dates": words.dates,
        "facts": words.facts(row, words.names(row.named_ids)),
        "signed": [
            (_("甲方"), owner.name if owner else "", *_signature(row.signed_a_by, row.signed_a_at, people)),
            (
                _("乙方"),
                row.party_b_name,
                *_signature(row.signed_b_by, row.signed_b_at, people, stood_in=stood_in),
            ),
        ],
        "steps": [
            {
                "label": str(words.STEPS.get(act, _("有变化"))),
                "state": "stopped" if act in ("give_back", "suspend", "end", "expire") else "done",
                "at": f"{civil(one.at)} {one.at.astimezone(clock.SHANGHAI):%H:%M}",
                "who": people.get(one.actor_id, "") if one.actor_id is not None else _("系统"),
                "note": "",
            }
            for act, one in zip(acts, steps, strict=True)
        ],
        "clauses": [line for line in row.clauses.splitlines() if line.strip()],
    }


def _signature(
    account: int | None, at: Any, people: dict[int, str], *, stood_in: bool = False
) -> tuple[str, str]:
    if account is None:
        return "", ""
    who = people.get(account, "")
    return (_("%(who)s（区里受委托代签）", who=who) if stood_in else who), civil(at)


def _turns(row: BookingsAgreement) -> dict[str, Any]:
    """Return what this person may do with an agreement now."""
    part = g.actor.can(permissions.MANAGE) and parties.has_part(g.actor, row)
    for_a = parties.may_sign_a(g.actor, parties.path_of(row.party_a_id))
    other = row.state == "signed_a" and part and row.signed_a_by != g.actor.account_id
    for_b = other and parties.may_sign_b(g.actor, row)
    return {
        "may_sign": row.state == "draft" and for_a or for_b,
        "may_stand_in": other and not for_b and parties.may_stand_in(g.actor, row),
        "may_edit": part and row.state == "draft",
        "may_give_back": part and row.state == "signed_a",
        "may_suspend": part and row.state == "active",
        "may_resume": part and row.state == "suspended",
        "may_end": part and row.state != "ended",
        "may_replace": part and row.state in ("active", "suspended"),
    }


def _form(
    venue: BookingsVenue | None,
    *,
    typed: Any = None,
    errors: dict[str, str] | None = None,
    replaces: BookingsAgreement | None = None,
    row: BookingsAgreement | None = None,
) -> Any:
    if row is not None and row.state != "draft":
        abort(404)
    reach = g.actor.reach(permissions.MANAGE)
    listed = queries.shared_venues(reach)
    kinds = [(kind, window_words({"kind": kind, "opens": 0, "closes": 0}).split(" ")[0]) for kind in KINDS]
    return render(
        "bookings/agreement_form.html",
        status=422 if errors else 200,
        block="content" if errors else None,
        venue=venue,
        venues=[(one.uid, in_brackets(one.name, one.owner)) for one in listed],
        typed=request.form if errors else typed or {},
        chosen=request.form.getlist("groups") if errors else (typed or {}).get("groups", ["organizations"]),
        errors=errors or {},
        replaces=replaces,
        row=row,
        lines=range(LINES),
        kinds=kinds,
        groups=[(key, str(text)) for key, text in words.GROUP_WORDS.items()],
    )


def _names() -> dict[str, int]:
    return queries.organizations([*named_lines(request.form), request.form.get("party_b", "").strip()])


def _beside(refused: Refused) -> dict[str, str]:
    return {one.field: one.text for one in refused.refusals}


def _venue(uid: str) -> BookingsVenue | None:
    """Return a shared venue this person reaches; None where nothing is said."""
    if not uid:
        return None
    reachable = {one.uid for one in queries.shared_venues(g.actor.reach(permissions.MANAGE))}
    found = venues.venue(uid)
    if found is None or uid not in reachable:
        abort(404)
    return found


def _venue_of(row: BookingsAgreement) -> BookingsVenue:
    found = venues.by_id(row.venue_id)
    assert found is not None  # an agreement's venue is never deleted
    return found


def _replaced(uid: str) -> BookingsAgreement | None:
    return agreement_of(uid, permissions.MANAGE) if uid else None
