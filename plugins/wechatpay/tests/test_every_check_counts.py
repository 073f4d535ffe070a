"""Take one check at a time out of the client: at least one scenario must then fail.

A check whose removal nobody notices is either untested or idle.
"""

import inspect
import textwrap

import pytest

from .checks_callbacks import CHECKS as CALLBACKS
from .checks_calls import CHECKS as CALLS
from .test_scenarios import SCENARIOS
from .world import World

CHECKS = CALLS + CALLBACKS
NAMES = [f"{check[0].__qualname__}-{number}" for number, check in enumerate(CHECKS)]


def without(function, there, instead):
    """Return the function's code with one piece replaced."""
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(there) == 1, f"{function.__qualname__}: {source.count(there)} times: {there}"
    mutant = "from __future__ import annotations\n" + source.replace(there, instead)
    namespace: dict = {}
    exec(compile(mutant, "<mutant>", "exec"), namespace)
    return namespace[function.__name__].__code__


@pytest.mark.parametrize(("function", "there", "instead", "scenarios"), CHECKS, ids=NAMES)
def test_check_taken_out_is_noticed(paysim, monkeypatch, function, there, instead, scenarios):
    monkeypatch.setattr(function, "__code__", without(function, there, instead))
    for name in scenarios:
        paysim.reset()
        try:
            SCENARIOS[name](World(paysim))
        except Exception:
            return
    pytest.fail(f"nobody noticed: {function.__qualname__}: {there}")
