"""Which jobs there are: a name, a function, and how it is to be run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from flask import Flask, current_app

from portal import clock
from portal.database import in_scope
from portal.plugin import Job

Function = Callable[[Mapping[str, Any]], None]

#: Seconds until the next try after the first, second, ... failure; after the last one the job is dead.
BACKOFF = (60, 300, 900, 3600, 6 * 3600)

_EXTENSION = "portal.jobs"


class Refuse(Exception):
    """Raised by a job that can never succeed: dead letter at once. The message must hold no personal data."""


class Postpone(Exception):
    """Raised by a job whose time has not come (quiet hours, rate limit): runs later, no try is used up."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A job the core knows, its own or a plugin's (``portal.plugin.Job``).

    ``function`` gets the payload and runs at least once, within the scope of the row's district and outside
    any transaction. ``timeout`` is when a hanging run loses its lease. A periodic job has ``every`` or
    ``daily`` (a time in Shanghai); ``due`` may say cheaply that there is nothing to do. ``per_district``
    runs it once for each district (a plugin's: where it is on), ``always`` ignores the switch; ``due_in``
    names those of them that have something to do, and no other is visited.
    """

    name: str
    function: Function
    plugin: str | None = None
    per_district: bool = False
    always: bool = False
    every: timedelta | None = None
    daily: time | None = None
    due: Callable[[], bool] | None = None
    due_in: Callable[[], Iterable[int]] | None = None
    timeout: timedelta = timedelta(minutes=10)
    backoff: tuple[float, ...] | None = None

    def slot(self) -> str | None:
        """Return the name of the current period, or None when the job is not due in it."""
        if self.every is not None:
            return f"{int(clock.now().timestamp() // self.every.total_seconds())}"
        if self.daily is not None:
            local = clock.now().astimezone(clock.SHANGHAI)
            return local.date().isoformat() if local.time() >= self.daily else None
        return None


@dataclass
class Settings:
    """What the jobs of one application need from the rooms above: set by ``configure``."""

    plugin_jobs: dict[str, Declared] = field(default_factory=dict)
    districts_of: Callable[[str | None], Iterable[int]] = lambda plugin: ()
    switched_on: Callable[[int, str], bool] = lambda district_id, plugin: True
    enter: Callable[[int], AbstractContextManager[Any]] = lambda home: in_scope([home], write=home)
    backoff: tuple[float, ...] = BACKOFF
    lease: float = 60.0
    poll: float = 1.0


_core: dict[str, Declared] = {}


def job(name: str, **options: Any) -> Callable[[Function], Function]:
    """Declare a core job: ``@job("audit.seal", every=timedelta(seconds=10))``."""

    def declare(function: Function) -> Function:
        if name in _core:
            raise ValueError(f"two core jobs are called {name}")
        _core[name] = Declared(name=name, function=function, **options)
        return function

    return declare


def configure(
    app: Flask,
    *,
    plugin_jobs: Mapping[str, Iterable[Job]] | None = None,
    **wiring: Any,
) -> None:
    """Take in the plugins' jobs (slug -> jobs) and the answers of the rooms above.

    ``districts_of(slug)`` returns the ids of the districts where the plugin is on, of None all of them;
    ``switched_on(district_id, slug)`` asks for one; ``enter(district_id)`` is the context a job runs in.
    ``JOBS_BACKOFF`` (seconds, a tuple), ``JOBS_LEASE`` and ``JOBS_POLL`` (seconds) come from the settings.
    Raises ValueError for a job that does not carry its plugin's name, or has ``due_in`` and no districts.
    """
    known = Settings(**wiring)
    for slug, jobs in (plugin_jobs or {}).items():
        for one in jobs:
            if not one.name.startswith(f"{slug}."):
                raise ValueError(f"the job {one.name} of plugin {slug} must be called {slug}.something")
            if one.due_in is not None and not (one.per_district and one.every):
                raise ValueError(f"the job {one.name} has due_in: it must have per_district and every")
            known.plugin_jobs[one.name] = Declared(
                name=one.name,
                function=one.run,
                plugin=slug,
                per_district=one.per_district,
                always=one.always,
                every=timedelta(seconds=one.every) if one.every else None,
                due_in=one.due_in,
            )
    known.backoff = tuple(app.config.get("JOBS_BACKOFF", BACKOFF))
    known.lease = float(app.config.get("JOBS_LEASE", known.lease))
    known.poll = float(app.config.get("JOBS_POLL", known.poll))
    app.extensions[_EXTENSION] = known


def settings() -> Settings:
    """Return the settings of the current application."""
    found: Settings = current_app.extensions[_EXTENSION]
    return found


def declared() -> dict[str, Declared]:
    """Return every job the current application knows, by name."""
    return {**_core, **settings().plugin_jobs}
