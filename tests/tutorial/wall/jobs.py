"""What happens by itself: wishes nobody took up are taken down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from portal.api import Job, clock, district, settings

from . import service


def close_old(_payload: Mapping[str, Any]) -> None:
    """Take down what has been hanging longer than this district wants."""
    here = district()
    hung = timedelta(days=max(1, settings.get(here, "wall.open_days")))
    service.close(district=here, before=clock.now() - hung)


JOBS = (Job(name="wall.close_old", run=close_old, every=24 * 3600, per_district=True),)
