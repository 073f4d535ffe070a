"""Party dues: what each member owes and why, paying it, and the branch's books."""

from .plugin import plugin

__all__ = ["plugin"]
