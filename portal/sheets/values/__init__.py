"""Parsers: one cell in, one value out, or a CellError in a person's words.

Every parser takes `(cell, where)`; empty cells never reach it.
"""
