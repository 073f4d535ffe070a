"""Write the long rows of a calendar: thousands of events, put together as text instead of by macros."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from urllib.parse import urlencode

from flask import Flask
from markupsafe import Markup, escape

from portal.web.week import DAY, Calendar, Column, Piece, Span, clock_time
from portal.web.wording import month_word
from portal.words import gettext

#: More columns than this offer no link for each free hour without script; one for the day is enough.
_OFFERED = 40
_HOUR = 60


def install(app: Flask) -> None:
    """Register the globals that ``macros/week.html`` writes its cells with."""
    app.jinja_env.globals.update(
        week_events=events,
        week_hour=hour,
        week_opens=opens,
        week_time=clock_time,
        week_columns=by_row,
        week_date=short_date,
    )


def by_row(plan: Calendar) -> list[tuple[Column, ...]]:
    """Return the columns of each resource together, a day each."""
    width = len(plan.days)
    return [plan.columns[at : at + width] for at in range(0, len(plan.columns), width)] if width else []


def short_date(day: date) -> str:
    """Write a day of this year for a narrow head."""
    return gettext("%(month)s月%(day)s日", month=month_word(day.month), day=day.day)


def opens(column: Column) -> str:
    """Write the open minutes as the script reads them."""
    return ",".join(f"{span.start}-{span.end}" for span in column.opens)


def events(pieces: Iterable[Piece]) -> Markup:
    """Write events as links (as plain words where there is nothing to open), in the order given."""
    words = {"until": gettext("到%(time)s"), "from": gettext("%(time)s起"), "all": gettext("全天")}
    return Markup("".join(_written(piece, words) for piece in pieces))


def hour(plan: Calendar, column: Column, start: int, new_url: str | None) -> Markup:
    """Write what begins in the hour from ``start``, or a link to take it where it is free."""
    begun = events(piece for piece in column.pieces if start <= piece.start < start + _HOUR)
    end = min(start + _HOUR, DAY)
    if begun or not new_url or len(plan.columns) > _OFFERED or not column.free(start, end):
        return begun
    day = column.day.isoformat()
    asked = urlencode(
        {
            "resource": column.resource.id,
            "start": f"{day}T{clock_time(start)}",
            "end": f"{day}T{clock_time(end)}",
        }
    )
    joint = "&" if "?" in new_url else "?"
    return Markup('<a class="week-new" href="{}">{}</a>').format(new_url + joint + asked, gettext("可约"))


def _written(piece: Piece, words: dict[str, str]) -> str:
    event = piece.event
    tag, link = ("a", f' href="{escape(event.url)}"') if event.url else ("span", "")
    marks = f' data-l="{piece.lane}.{piece.lanes}"' if piece.lanes > 1 else ""
    if piece.movable:
        marks += f' data-i="{escape(event.id)}" data-v="{event.version}"'
    sub = f"<small>{escape(event.sub)}</small>" if event.sub else ""
    return (
        f'<{tag} class="ev ev-{escape(event.tone)}"{link} data-s="{piece.start}" data-e="{piece.end}"{marks}>'
        f"<b>{_when(piece, words)}</b> <span>{escape(event.title)}</span>{sub}</{tag}>"
    )


def _when(piece: Piece, words: dict[str, str]) -> str:
    if piece.from_before and piece.goes_on or (piece.start, piece.end) == Span(0, DAY):
        return escape(words["all"])
    if piece.from_before:
        return escape(words["until"] % {"time": clock_time(piece.end)})
    if piece.goes_on:
        return escape(words["from"] % {"time": clock_time(piece.start)})
    return f"{clock_time(piece.start)}–{clock_time(piece.end)}"
