"""The ``portal`` command. Exit codes: 0 done, 1 refused or something wrong was found, 2 usage."""

from portal.cli.group import main

__all__ = ["main"]
