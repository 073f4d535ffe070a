"""The simulator's own tests: one simulator for all of them, emptied before each."""

from paysim.testing import paysim, paysim_process  # noqa: F401
