"""Every test of the tree gets the fixtures that plugin authors get, and a browser."""

pytest_plugins = ["portal.testing", "tests.browser"]
