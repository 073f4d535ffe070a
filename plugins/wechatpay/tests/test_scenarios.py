"""Run every scenario against the untouched client."""

import inspect

import pytest

from . import scenarios_callbacks, scenarios_calls, scenarios_doubt

SCENARIOS = {
    name: function
    for module in (scenarios_calls, scenarios_doubt, scenarios_callbacks)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and list(inspect.signature(function).parameters) == ["w"]
}


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_scenario(world, name):
    SCENARIOS[name](world)
