"""The district tree, plugin switches and settings."""
