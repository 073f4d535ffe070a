"""A merchant at the simulator, and the provider that serves it."""

import pytest

from paysim.testing import paysim, paysim_process  # noqa: F401

from .world import World


@pytest.fixture
def world(paysim):  # noqa: F811
    return World(paysim)
