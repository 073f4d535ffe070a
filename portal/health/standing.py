"""How the installation stands, in words for those who run it; reads only."""

from __future__ import annotations

from dataclasses import dataclass

from portal import jobs
from portal.current import registry
from portal.health import backups
from portal.health.service import QUEUE_LATE, free_mb, has_room
from portal.words import gettext, ngettext


@dataclass(frozen=True, slots=True)
class Standing:
    """One line: what, how it stands, and whether that is as it should be."""

    label: str
    value: str
    ok: bool


def standing() -> list[Standing]:
    """Return backup, queue, disk and plugins; two queries."""
    return [_backup(), _queue(), _disk(), _plugins()]


def _backup() -> Standing:
    label, age = gettext("最近一次备份"), backups.age()
    if age is None:
        return Standing(label, gettext("还没有备份过。请在服务器上运行 portal backup。"), False)
    hours = int(age.total_seconds() // 3600)
    value = ngettext("%(count)s小时前", "%(count)s小时前", hours, count=hours)
    return Standing(label, value, age <= backups.too_old())


def _queue() -> Standing:
    age = jobs.queue_age()
    minutes = int(age.total_seconds() // 60)
    value = ngettext("最久的等了%(count)s分钟", "最久的等了%(count)s分钟", minutes, count=minutes)
    return Standing(gettext("后台任务"), value, age <= QUEUE_LATE)


def _disk() -> Standing:
    return Standing(gettext("磁盘剩余"), f"{free_mb()} MB", has_room())


def _plugins() -> Standing:
    broken = sorted(registry().broken)
    count = len(registry().plugins)
    value = gettext("没有装好：%(names)s", names=", ".join(broken)) if broken else f"{count}"
    return Standing(gettext("服务插件"), value, not broken)
