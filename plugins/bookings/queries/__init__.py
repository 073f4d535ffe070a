"""Reads of the bookings."""
