"""Every form names the version it read (rule K3) and counts once (rule K4), whatever page it stands on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from portal.testing import World
from portal.web.once import once
from tests.guards.forms import forms
from tests.guards.town import Town, changed, state

#: POST routes without the key of a form, and what makes a second sending harmless.
OTHERWISE = {
    "account.": "a name and a deletion name the version they read",
    "bookings.desk_counter_known": "a search changes nothing",
    "bookings.desk_list_export": "an export changes nothing but the trail, which has both",
    "bookings.desk_phone": "a look changes nothing but the trail, which has both",
    "bookings.search_": "a search changes nothing",
    "dev.": "the workshop's pages keep nothing",
    "desk.search_": "a search changes nothing",
    "delegations.search_": "a search changes nothing",
    "dues.search_": "a search changes nothing",
    "paper.search_": "a search changes nothing",
    "rebind.search_": "a search changes nothing",
    "roles.search_": "a search changes nothing",
    "desk.export_": "an export changes nothing but the trail, which has both",
    "delegations.export": "an export changes nothing but the trail, which has both",
    "bookings.report_export": "an export changes nothing but the trail, which has both",
    "bookings.take_in_look": "a look at a file keeps nothing of it; taking it in has a key",
    "bookings.take_in_sheet_look": "a look at a sheet keeps nothing of it; taking it in has a key",
    "dues.ledger_export": "an export changes nothing but the trail, which has both",
    "dues.for_other_pay": "the order has the form's own token, unique in the database",
    "dues.pay": "the order has the form's own token, unique in the database",
    "identity.": "a code, a paper and a session are spent once; a wish counts as one for a minute",
    "imports.": "a batch has its form's key, and every step on it its version",
    "notice_choices.": "a choice set twice is set",
    "notices.": "what was read is read",
    "paper.print_code": "the newer code makes the older one void",
    "pay.": "each moves the attempt along its table of states",
    "roles.found": "a search changes nothing",
    "stops.found": "a search changes nothing",
    "roles.export": "an export changes nothing but the trail, which has both",
    "queue.": "a task is taken back from the dead once, by its state",
    "rebind.do_": "a number bound twice is bound; of two that wait for the second person the newer counts",
    "web.elder": "a choice set twice is set",
    "web.keys": "a choice set twice is set",
    "web.language": "a choice set twice is set",
}


def counts_once(view: Callable[..., Any]) -> bool:
    """Tell whether a view, under its other decorators, is wrapped by ``once``."""
    found: Any = view
    while found is not None:
        if found.__code__.co_filename == once.__code__.co_filename:
            return True
        cells = [cell.cell_contents for cell in found.__closure__ or ()]
        found = getattr(found, "__wrapped__", None) or next(
            (one for one in cells if callable(one) and hasattr(one, "__code__")), None
        )
    return False


def many_times(app: Flask) -> list[str]:
    """Return the POST routes that count as often as they are sent, as far as anybody said."""
    found = []
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not counts_once(app.view_functions[rule.endpoint]):
            if not rule.endpoint.startswith(tuple(OTHERWISE)):
                found.append(rule.endpoint)
    return sorted(set(found))


def test_every_form_counts_once_or_says_what_else_makes_it_so(app: Flask):
    assert many_times(app) == []
    endpoints = [rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]
    unused = [
        name
        for name in OTHERWISE
        if not any(e.startswith(name) and not counts_once(app.view_functions[e]) for e in endpoints)
    ]
    assert unused == []


def test_a_planted_form_that_counts_twice_is_found(app: Flask):
    app.add_url_rule("/planted", "web.planted", lambda: "", methods=["POST"])
    assert many_times(app) == ["web.planted"]


@pytest.mark.parametrize("field", ["version", "_once"])
def test_a_form_without_its_version_or_its_key_is_refused_and_changes_nothing(
    world: World, app: Flask, field: str
):
    town = Town(world, app)
    browser = town.browser(town.left, "all")
    before, sent, accepted = state(app, without=("audit", "heartbeat", "login_session")), 0, []
    for rule in town.rules("GET"):
        path = town.path(rule, town.left)
        page = browser.get(path)
        if page.mimetype != "text/html":
            continue
        for action, fields, _files in forms(page.get_data(as_text=True), path):
            if field in fields:
                sent += 1
                answer = browser.post(action, data={k: v for k, v in fields.items() if k != field})
                if answer.status_code != 400:
                    accepted.append((action, answer.status_code))
    assert accepted == []
    assert changed(before, state(app, without=("audit", "heartbeat", "login_session"))) == []
    assert sent >= 6
