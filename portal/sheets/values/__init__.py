"""Parsers: one cell in, one value out, or a CellError in a person's words.

Every parser takes `(cell, where)`; empty cells never reach it.
"""

from portal.sheets.values import codes, dates, money, numbers, text

__all__ = ["codes", "dates", "money", "numbers", "text"]
