"""The pages of the bookings."""

from flask import Blueprint

bookings = Blueprint("bookings", __name__, template_folder="../templates")
