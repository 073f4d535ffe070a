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
    "delivery_id": "notice_delivery.id",
    "kind": "",
    "member_uid": "member.uid",
    "merge_id": "member_merge.id",
    "plugin": "",
    "provider": "",
    "question_id": "unmatched.id",
    "reference": "unmatched.uid",
    "relief_id": "dues_relief.id",
    "session_id": "login_session.id",
    "token": "dues_voucher.token",
}
#: Where the same word names other records: by the beginning of the endpoint.
BY_ENDPOINT = {
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
