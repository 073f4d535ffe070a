"""A plugin whose job raises."""

from collections.abc import Iterable, Mapping
from typing import Any

from portal.api import Job, Plugin, hookimpl


def run(payload: Mapping[str, Any]) -> None:
    """Fail."""
    raise RuntimeError("no work today")


class InJob(Plugin):
    """Raises in its job."""

    slug, name, description, version, on_by_default = "in_job", "坏工作", "出错", "1.0", True

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        return [Job(name="in_job.fail", run=run)]


plugin = InJob()
