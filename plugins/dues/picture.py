"""The QR code of a voucher: big enough to be read small and grey."""

from __future__ import annotations

import segno
from markupsafe import Markup


def qr_svg(address: str) -> Markup:
    """Return a QR code as inline SVG."""
    return Markup(segno.make(address, error="m").svg_inline(border=4, omitsize=True))


def qr_bytes(address: str) -> bytes:
    """Return a QR code as an SVG file, for a PDF."""
    from io import BytesIO

    out = BytesIO()
    segno.make(address, error="m").save(out, kind="svg", border=4, scale=8)
    return out.getvalue()
