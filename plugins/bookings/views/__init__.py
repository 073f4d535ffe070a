"""The pages of the bookings."""

from flask import Blueprint

bookings = Blueprint("bookings", __name__, template_folder="../templates", static_folder="../static")

from . import (  # noqa: E402, F401  they fill the blueprint
    agreement_acts,
    agreements,
    arriving,
    ask,
    cancel,
    change,
    desk,
    desk_answer,
    desk_calendar,
    desk_change,
    desk_closures,
    desk_counter,
    desk_list,
    desk_record,
    desk_requests,
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
    room,
    show,
    venues,
    visit_desk,
    visits,
    wish,
)
