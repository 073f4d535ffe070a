"""The reads of the dues: a handful of Core statements per page."""
