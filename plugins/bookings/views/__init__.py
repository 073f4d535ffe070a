"""The pages of the bookings."""

from flask import Blueprint

bookings = Blueprint("bookings", __name__, template_folder="../templates", static_folder="../static")
#: Outside of the districts: a calendar has an address and nothing else.
feed = Blueprint("bookings_feed", __name__, url_prefix="/c", template_folder="../templates")

from . import (  # noqa: E402, F401  they fill the blueprints
    agreement_acts,
    agreements,
    arriving,
    ask,
    calendar,
    cancel,
    change,
    desk,
    desk_answer,
    desk_calendar,
    desk_change,
    desk_closures,
    desk_counter,
    desk_displace,
    desk_door,
    desk_list,
    desk_record,
    desk_requests,
    desk_series,
    desk_slip,
    desk_words,
    find,
    handing,
    keeping,
    keeping_equipment,
    keeping_hours,
    keeping_policy,
    keeping_rooms,
    mine,
    move_all,
    points,
    rename,
    report,
    room,
    screens,
    show,
    taking_in,
    taking_in_sheet,
    venues,
    visit_desk,
    visits,
    wish,
)
