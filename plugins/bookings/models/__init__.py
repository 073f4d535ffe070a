"""The tables of the bookings, by what they are about."""

from .agreement import BookingsAgreement
from .booking import BookingsBooking, BookingsOccurrence, BookingsStep
from .closing import BookingsClosure
from .equipment import BookingsEquipment, BookingsEquipmentUnit
from .place import BookingsHours, BookingsPolicy, BookingsRoom, BookingsRoomUnit, BookingsVenue
from .presence import BookingsHandover, BookingsPoint
from .taken_in import BookingsFeed, BookingsTakenIn
from .visit import BookingsGuide, BookingsVisit
from .waiting import BookingsWish

__all__ = [
    "BookingsAgreement",
    "BookingsBooking",
    "BookingsClosure",
    "BookingsEquipment",
    "BookingsEquipmentUnit",
    "BookingsFeed",
    "BookingsGuide",
    "BookingsHandover",
    "BookingsHours",
    "BookingsOccurrence",
    "BookingsPoint",
    "BookingsPolicy",
    "BookingsRoom",
    "BookingsRoomUnit",
    "BookingsStep",
    "BookingsTakenIn",
    "BookingsVenue",
    "BookingsVisit",
    "BookingsWish",
]
