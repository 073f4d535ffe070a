"""Every test of the tree gets the fixtures that plugin authors get."""

pytest_plugins = ["portal.testing"]
