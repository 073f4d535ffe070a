"""Handing out a list as a sheet: what the screen shows and no more, logged."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, g

from portal import audit, clock
from portal.current import district
from portal.database import transaction
from portal.sheets import writing


def hand_out(
    what: str, title: str, headers: Sequence[str], rows: Iterable[Sequence[Any]], *, kind: str
) -> Response:
    """Write rows as .xlsx or .csv (``kind``) and put the export on record in the same transaction (K13)."""
    lines = [list(row) for row in rows]
    with transaction():
        audit.record(
            f"{what}.export",
            ("district", district().id),
            actor=g.actor,
            district=district(),
            detail={"rows": len(lines), "kind": kind},
        )
    name = f"{district().name}{title}{clock.today():%Y%m%d}.{kind}"
    if kind == "csv":
        response = Response(b"".join(writing.write_csv(headers, lines)), content_type=writing.CSV)
    else:
        stream = io.BytesIO()
        writing.write_xlsx(stream, headers, lines, name=title, widths=[16] * len(headers))
        response = Response(stream.getvalue(), mimetype=writing.XLSX)
    response.headers["Content-Disposition"] = writing.content_disposition(name)
    return response
