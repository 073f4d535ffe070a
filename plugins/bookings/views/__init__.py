"""The pages of the bookings."""

from flask import Blueprint

bookings = Blueprint("bookings", __name__, template_folder="../templates")

from . import (  # noqa: E402, F401  they fill the blueprint
    agreement_acts,
    agreements,
    venues,
    visit_desk,
    visits,
)
