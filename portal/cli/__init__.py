"""The ``portal`` command. Exit codes: 0 done, 1 refused or something wrong was found, 2 usage."""

import gc

# Next to nothing of what is imported goes away: looking for it every 700 objects is a fifth of a start.
gc.set_threshold(20_000)

from portal.cli.group import main  # noqa: E402  after the line it is there for

__all__ = ["main"]
