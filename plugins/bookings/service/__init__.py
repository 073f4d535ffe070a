"""The verbs of the bookings; each is one transaction."""
