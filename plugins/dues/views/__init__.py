"""The pages of the dues: the member's own, and the public check of a voucher."""

from flask import Blueprint

dues = Blueprint("dues", __name__, template_folder="../templates")
#: Outside of the districts: a QR code leads here from anywhere, whoever scans it.
check = Blueprint("dues_check", __name__, url_prefix="/v", template_folder="../templates")

from . import (  # noqa: E402, F401  they fill the blueprints
    arrears,
    base,
    base_one,
    base_year,
    bases,
    branch,
    cash,
    for_other,
    ledger,
    openings,
    panel,
    paying,
    relief_ends,
    reliefs,
    reminders,
    statement,
    telling,
    totals,
    vouchers,
)
