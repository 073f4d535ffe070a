"""Codes that a phone scans."""

from __future__ import annotations

import segno
from markupsafe import Markup


def drawn(address: str, *, error: str = "m") -> Markup:
    """Draw an address as a QR code with its quiet zone; ``error``, l to h: how much may be lost."""
    return Markup(segno.make(address, error=error, micro=False).svg_inline(border=4, omitsize=True))
