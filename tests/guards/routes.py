"""What every route's address names: made of the views' declarations and the words in the addresses.

The walk takes its records from here, so an argument that nobody classified stops the build: a route with a
new kind of record is walked with that record, not with whatever number was at hand.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import Rule

from portal.database import Model
from portal.web import access

#: What an argument names: ``table.column`` of the record, or "" for a word that is none (a code, an act).
#: ``thing_id`` names a row of the table ``thing`` where there is one.
ARGUMENTS = {
    "act": "",
    "assessment_id": "dues_assessment.id",
    "booking_uid": "bookings_booking.uid",
    "delivery_id": "notice_delivery.id",
    "guide_id": "bookings_guide.id",
    "handover_id": "bookings_handover.id",
    "kind": "",
    "kind_id": "bookings_equipment.id",
    "member_uid": "member.uid",
    "merge_id": "member_merge.id",
    "occurrence_uid": "bookings_occurrence.uid",
    "piece_id": "bookings_equipment_unit.id",
    "plugin": "",
    "provider": "",
    "question_id": "unmatched.id",
    "reference": "unmatched.uid",
    "relief_id": "dues_relief.id",
    "room_uid": "bookings_room.uid",
    "session_id": "login_session.id",
    "token": "dues_voucher.token",
    "venue_uid": "bookings_venue.uid",
    "what": "",
    "wish_uid": "bookings_wish.uid",
    "year": "",
}
#: Where the same word names other records: by the beginning of the endpoint, the first that fits.
BY_ENDPOINT = {
    ("bookings.agreement", "uid"): "bookings_agreement.uid",
    ("bookings.arrive", "uid"): "bookings_room.uid",  # the code at a door
    ("bookings.desk_closure", "uid"): "bookings_closure.uid",
    ("bookings.desk_", "uid"): "bookings_booking.uid",
    ("bookings.hand_out", "uid"): "bookings_occurrence.uid",
    ("bookings.keep_poster", "uid"): "bookings_room.uid",
    ("bookings.keep_room_new", "uid"): "bookings_venue.uid",
    ("bookings.keep_room", "uid"): "bookings_room.uid",
    # Hours and policy are of a venue or a room: the walk takes the first word of <what>, venues.
    ("bookings.keep_", "uid"): "bookings_venue.uid",
    ("bookings.my_appeal", "uid"): "bookings_point.uid",
    ("bookings.now_act", "uid"): "bookings_occurrence.uid",
    ("bookings.one_calendar", "uid"): "bookings_booking.uid",
    ("bookings.point_answer", "uid"): "bookings_point.uid",
    ("bookings.venue", "uid"): "bookings_venue.uid",
    ("bookings.visit", "uid"): "bookings_booking.uid",
    # Only a hash of the link is kept: no row holds what the address says.
    ("bookings_feed.", "token"): "",
    ("delegations.", "uid"): "delegation.uid",
    ("dues.bases_", "sheet_id"): "dues_base_sheet.id",
    ("dues.cash_", "sheet_id"): "dues_cash_sheet.id",
    ("dues.for_other", "uid"): "delegation.uid",
    ("helping.", "uid"): "delegation.uid",
    ("imports.", "uid"): "import_batch.uid",
    ("money.account", "uid"): "merchant_account.uid",
    ("money.case", "uid"): "payment_case.uid",
    ("money.change", "uid"): "merchant_account.uid",
    ("money.resolve", "uid"): "payment_case.uid",
    ("money.switch", "uid"): "merchant_account.uid",
    ("pay.", "uid"): "payment_attempt.uid",
    ("rebind.colleague", "uid"): "account.uid",
    ("rebind.do_colleague", "uid"): "account.uid",
    ("rebind.second", "uid"): "rebinding.uid",
    ("rebind.decide", "uid"): "rebinding.uid",
    ("stops.", "uid"): "account_stop.uid",
}


class Unclassified(LookupError):
    """A route nobody has said enough about: no access, or an argument that may name anything."""


def record_of(rule: Rule, argument: str) -> str:
    """Return ``table.column`` of the record that an argument names, "" for none. Raises: Unclassified."""
    for (prefix, name), column in BY_ENDPOINT.items():
        if name == argument and rule.endpoint.startswith(prefix):
            return column
    if argument in ARGUMENTS:
        return ARGUMENTS[argument]
    if argument.removesuffix("_id") in Model.metadata.tables and argument.endswith("_id"):
        return f"{argument.removesuffix('_id')}.id"
    raise Unclassified(f"{rule.rule}: what does <{argument}> name? Say so in {__name__}")


def records(rule: Rule) -> dict[str, str]:
    """Return the records that a rule's address names, by argument."""
    named = {name: record_of(rule, name) for name in sorted(rule.arguments - {"district_code", "filename"})}
    return {name: column for name, column in named.items() if column}


def unclassified(app: Flask) -> list[str]:
    """Return every route that does not say who may call it, or whose address may name anything."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.split(".")[-1] == "static":
            continue
        if access.of(app.view_functions[rule.endpoint]) is None:
            found.append(f"{rule.rule}: its view declares no access")
        try:
            records(rule)
        except Unclassified as problem:
            found.append(str(problem))
    return sorted(found)
