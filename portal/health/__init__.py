"""Is the portal ready for people? Asked by load balancers, by ``make demo`` and by ``portal health``."""

from portal.health.service import Check, Report, examine

__all__ = ["Check", "Report", "examine"]
