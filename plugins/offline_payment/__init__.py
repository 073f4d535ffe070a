"""Money taken by hand: cash, POS or bank transfer, written down by one person and confirmed by another."""

from .plugin import plugin

__all__ = ["plugin"]
