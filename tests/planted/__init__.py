"""Plugins with a fault that only shows while the portal runs: test_plugin_guard holds them to the checks."""
