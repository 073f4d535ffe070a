"""Every test of the tree gets the fixtures that plugin authors get, and a browser."""

from typing import Any

from hypothesis import settings

# A slow machine is no wrong answer: time is measured by `make bench`, never by a unit test.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

pytest_plugins = ["portal.testing", "tests.browser"]


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Begin with what takes long."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
