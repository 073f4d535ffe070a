"""A wall of wishes: members write one, the staff make it come true."""

from .plugin import plugin

__all__ = ["plugin"]
