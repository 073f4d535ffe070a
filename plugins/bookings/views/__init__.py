"""The pages of the bookings."""

from flask import Blueprint

bookings = Blueprint("bookings", __name__, template_folder="../templates")
#: Outside of the districts: a calendar has an address and nothing else.
feed = Blueprint("bookings_feed", __name__, url_prefix="/c", template_folder="../templates")

from . import calendar, report, taking_in  # noqa: E402, F401  they fill the blueprints
