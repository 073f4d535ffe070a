"""Site bookings: rooms and shared venues of a district."""

from .plugin import plugin

__all__ = ["plugin"]
