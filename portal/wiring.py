"""Connect the low rooms, which know no domain, to the answers of the rooms above them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from flask import Flask, g

from portal import audit, jobs, notices, words  # noqa: F401  audit declares its sealer
from portal.current import registry
from portal.database import in_scope, session
from portal.districts import context, settings
from portal.identity import addresses
from portal.plugin import Channel, DistrictRef, Job
from portal.registry import Registry


def configure(app: Flask, plugins: Registry) -> None:
    """Give jobs and notices what they ask for; call when the plugins are loaded."""
    jobs.configure(
        app,
        plugin_jobs=_named(plugins),
        districts_of=context.where_on,
        switched_on=_switched_on,
        enter=_enter,
    )
    notices.configure(
        app, channels=_channels, address_of=addresses.of, language=_language, kept_days=_kept_days
    )


def _named(plugins: Registry) -> dict[str, list[Job]]:
    found: dict[str, list[Job]] = {}
    for slug, declared in plugins.each("register_jobs"):
        wrong = [job.name for job in declared if not job.name.startswith(f"{slug}.")]
        if wrong:
            plugins.quarantine(slug, ValueError(f"jobs without prefix: {wrong}"), where="jobs")
        else:
            found[slug] = declared
    return found


def _switched_on(district_id: int, slug: str) -> bool:
    found = context.ref(district_id)
    session.rollback()
    return slug in found.plugins_on


@contextmanager
def _enter(district_id: int) -> Iterator[None]:
    """Let a job see its district as a request would: ``district()`` and the scope."""
    g.district = context.ref(district_id)
    session.rollback()
    with in_scope([district_id], write=district_id):
        yield


def _channels(district_id: int | None) -> tuple[DistrictRef | None, list[Channel]]:
    if district_id is None:
        return None, []
    here = context.ref(district_id)
    found = registry().collect("notice_channels", district=here)
    session.rollback()
    return here, found


def _kept_days(district_id: int | None) -> int:
    if district_id is None:
        return notices.KEPT_DAYS
    return int(settings.get(context.ref(district_id), "core.undelivered_days"))


def _language(code: str) -> AbstractContextManager[Any]:
    return words.speaking(code)
