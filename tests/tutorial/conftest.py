"""The tutorial's plugin is no part of this house: tests/test_tutorial.py tests it in a copy."""

collect_ignore = ["wall"]
