"""The pages of the bookings."""

from flask import Blueprint

bookings = Blueprint("bookings", __name__, template_folder="../templates")

from . import (  # noqa: E402, F401  they fill the blueprint
    arriving,
    handing,
    keeping,
    keeping_equipment,
    keeping_hours,
    keeping_policy,
    keeping_rooms,
    points,
)
