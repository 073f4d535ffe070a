"""A plugin that raises when it is imported."""

raise ImportError("a library is missing")
