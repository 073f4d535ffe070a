"""The way of a request: gate, htmx, errors, headers, page frame."""

from portal.web.setup import configure, mount_plugins

__all__ = ["configure", "mount_plugins"]
