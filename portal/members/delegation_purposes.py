"""What somebody may do for a member: each plugin names its own purposes, by ``register_services``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from portal.current import registry
from portal.plugin import DistrictRef
from portal.words import gettext


class HelpPurpose(Protocol):
    """A thing that a helper may do for a member: ``Service(protocol=HelpPurpose, ..., key=slug)``.

    ``slug`` begins with the plugin's (``<slug>.<verb>``); ``label`` says what is done, ``shows`` what the
    helper sees of the member, and nothing else.
    """

    slug: str
    label: Any
    shows: Any

    def url(self, uid: str) -> str:
        """Return the helper's page for the delegation ``uid``."""
        ...

    def told(self, references: Sequence[str], *, by: Any, own: bool) -> dict[str, str]:
        """Say in words what was done, by reference; to others than the two sides what ``by`` may see."""
        ...


def offered(district: DistrictRef) -> list[HelpPurpose]:
    """Return the purposes of the plugins that are switched on here, in the plugins' order."""
    return [
        service.implementation
        for slug, service in registry().services
        if service.protocol is HelpPurpose and slug in district.plugins_on
    ]


def named(slugs: Sequence[str], known: Mapping[str, str]) -> str:
    """Return what some purposes are called, in one line; those that are switched off are left out."""
    return gettext("、").join(known[slug] for slug in slugs if slug in known)


def labels(district: DistrictRef) -> dict[str, str]:
    """Return what the purposes offered here are called, by slug."""
    return {one.slug: str(one.label) for one in offered(district)}
