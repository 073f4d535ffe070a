"""Use of rooms by month or quarter: a table with its chart, and the same rows as a sheet."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from flask import Response, abort, g, request

from portal.api import (
    audit,
    chart_rows,
    clock,
    district,
    hands_out,
    month,
    render,
    requires,
    sheet_kit,
    transaction,
)
from portal.api import gettext as _

from .. import actors, permissions
from ..queries import report as queries
from ..queries.report import Line, Use
from . import bookings

PAGE, CHART = 50, 12
_MONTH = re.compile(r"(20\d\d)-(0[1-9]|1[0-2])", re.ASCII)
_QUARTER = re.compile(r"(20\d\d)-Q([1-4])", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A month or a quarter: its key in addresses, its words, its first and last day."""

    key: str
    words: str
    first: date
    last: date


@bookings.get("/report")
@requires(permissions.REPORT)
def report() -> Any:
    """Show booked, used and open hours of each room within reach, venue by venue."""
    period, venue = _period(), request.args.get("venue", "")
    found = _lines(period)
    venues = _venues(found)
    if venue and venue not in venues:
        abort(404)
    chosen = [line for line in found if not venue or line.room.venue_uid == venue]
    shown, after = _page(chosen)
    return render(
        "bookings/report.html",
        block="figures",
        period=period,
        periods=[(one.key, one.words) for one in _periods()],
        venue=venue,
        venues=[(uid, name) for uid, (name, _use) in venues.items()],
        lines=[_row(line.room.venue, line.room.name, line.use) for line in shown],
        total=_row(_("合计"), "", _sum(chosen)),
        after=after,
        chart=_chart(venues, chosen, venue),
        columns=columns(),
    )


@bookings.post("/report")
@hands_out
@requires(permissions.REPORT)
def report_export() -> Response:
    """Hand the same rows out as a sheet; the export is on record (rule K13)."""
    period, venue, kind = _period(), request.values.get("venue", ""), request.form.get("as", "xlsx")
    if kind not in ("xlsx", "csv"):
        abort(400)
    chosen = [line for line in _lines(period) if not venue or line.room.venue_uid == venue]
    if venue and not chosen:
        abort(404)
    table = [_row(line.room.venue, line.room.name, line.use) for line in chosen]
    table.append(_row(_("合计"), "", _sum(chosen)))
    with transaction():
        audit.record(
            "bookings.report.export",
            ("district", district().id),
            actor=g.actor,
            district=district(),
            detail={"rows": len(chosen), "period": period.key, "kind": kind},
        )
    values: list[list[Any]] = [[*row[:2], *map(_number, row[2:])] for row in table]
    name = f"{_('场地使用情况')}-{period.key}.{kind}"
    if kind == "csv":
        return _file(b"".join(sheet_kit.write_csv(columns(), values)), name, sheet_kit.CSV)
    stream = io.BytesIO()
    sheet_kit.write_xlsx(
        stream, columns(), values, name=_("场地使用情况"), widths=[28, 18, 8, 14, 14, 14, 10]
    )
    return _file(stream.getvalue(), name, sheet_kit.XLSX)


def columns() -> list[str]:
    """Return the headings of page and sheet."""
    return [
        _("场馆"),
        _("房间"),
        _("次数"),
        _("已约小时"),
        _("签到小时"),
        _("开放小时"),
        _("使用率（百分数）"),
    ]


def _row(venue: str, room: str, use: Use) -> list[str]:
    """Return a line as it stands on the page and, as numbers, in the sheet."""
    share = f"{100 * use.booked / use.open:.1f}" if use.open else ""
    return [venue, room, str(use.times), _hours(use.booked), _hours(use.used), _hours(use.open), share]


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f}"


def _number(text: str) -> Any:
    return Decimal(text) if text else ""


def _lines(period: Period) -> list[Line]:
    return queries.report(
        period.first,
        period.last,
        within=lambda room: actors.reaches(g.actor, permissions.REPORT, room),
    )


def _page(lines: list[Line]) -> tuple[list[Line], str | None]:
    """Return the lines after the room named in the address, and the last one's where there are more."""
    after = request.args.get("after", "")
    begin = next((number for number, line in enumerate(lines, 1) if line.room.uid == after), 0)
    shown = lines[begin : begin + PAGE]
    return shown, shown[-1].room.uid if begin + PAGE < len(lines) else None


def _sum(lines: list[Line]) -> Use:
    return sum((line.use for line in lines), Use())


def _venues(lines: list[Line]) -> dict[str, tuple[str, Use]]:
    found: dict[str, tuple[str, Use]] = {}
    for line in lines:
        name, use = found.get(line.room.venue_uid, (line.room.venue, Use()))
        found[line.room.venue_uid] = name, use + line.use
    return found


def _chart(venues: dict[str, tuple[str, Use]], chosen: list[Line], venue: str) -> Any:
    """Return rows for the chart: the rooms of one venue, or the venues that are used most."""
    if venue or len(venues) == 1:
        named = [(line.room.name, line.use) for line in chosen]
    else:
        named = list(venues.values())
    most = sorted(named, key=lambda one: -one[1].booked)[:CHART]
    return chart_rows(
        [
            (name, [(part / 60, _hours(part)) for part in (use.booked, use.used, use.open)])
            for name, use in most
        ]
    )


def _period() -> Period:
    text = request.values.get("period") or clock.month()
    found = _of(text)
    if found is None:
        abort(404)
    return found


def _of(text: str) -> Period | None:
    by_month, by_quarter = _MONTH.fullmatch(text), _QUARTER.fullmatch(text)
    if by_month:
        first = date(int(by_month[1]), int(by_month[2]), 1)
        return Period(key=text, words=month(text), first=first, last=_end(first, 1))
    if by_quarter:
        year, number = int(by_quarter[1]), int(by_quarter[2])
        first = date(year, number * 3 - 2, 1)
        words = _("%(year)s年第%(n)s季度", year=year, n=number)
        return Period(key=text, words=words, first=first, last=_end(first, 3))
    return None


def _end(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1) - timedelta(days=1)


def _periods() -> list[Period]:
    """Return the periods to choose from: this month and the last twelve, this quarter and the last four."""
    today = clock.today()
    month_number, quarter_number = today.year * 12 + today.month - 1, today.year * 4 + (today.month - 1) // 3
    keys = [f"{number // 12}-{number % 12 + 1:02d}" for number in range(month_number, month_number - 13, -1)]
    keys += [f"{number // 4}-Q{number % 4 + 1}" for number in range(quarter_number, quarter_number - 5, -1)]
    return [period for period in map(_of, keys) if period is not None]


def _file(data: bytes, name: str, kind: str) -> Response:
    response = Response(data, content_type=kind)
    response.headers["Content-Disposition"] = sheet_kit.content_disposition(name)
    return response
