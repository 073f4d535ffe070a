"""``python -m portal`` is the ``portal`` command."""

import gc

# Nothing of what is imported is ever thrown away: to look for it takes an eighth of the start.
gc.disable()

from portal.cli import main  # noqa: E402  once the collector rests

gc.enable()
gc.freeze()
main()
