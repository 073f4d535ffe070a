"""The pages of the bookings."""

from flask import Blueprint

bookings = Blueprint("bookings", __name__, template_folder="../templates", static_folder="../static")

from . import (  # noqa: E402, F401  they fill the blueprint
    ask,
    cancel,
    change,
    find,
    mine,
    move_all,
    rename,
    room,
    show,
    wish,
)
