"""Plugins with one fault each, and a good one; loaded by ``create_app(package="tests.broken")``."""
