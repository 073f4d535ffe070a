"""Measure any page in the browser as ux.md asks: text, targets, sideways scroll, axe."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

ASSETS = Path(__file__).parent / "assets"


@cache
def _source(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _ask(page: Any, question: str, *, needs: str = "") -> list[str]:
    # A press has gone over as soon as the next page begins to come: all of it is measured.
    page.wait_for_load_state()
    # Through the debugger, not as script elements: the page's own CSP would rightly refuse them.
    for name, known in (("looks.js", "window.looks"), (needs, "window.axe")):
        if name and not page.evaluate(f"Boolean({known})"):
            page.evaluate(_source(name) + "\n;undefined")
    return list(page.evaluate(f"looks.{question}"))


def small_text(page: Any, *, elder: bool = False) -> list[str]:
    """Name text under 16 px (18 px in elder mode) and lines set tighter than 1.3."""
    return _ask(page, f"text({18 if elder else 16})")


def small_targets(page: Any, *, elder: bool = False) -> list[str]:
    """Name things to press that are smaller than 44 px (60 px in elder mode)."""
    return _ask(page, f"targets({60 if elder else 44})")


def sideways(page: Any) -> list[str]:
    """Name what makes the page scroll sideways; empty when nothing does."""
    return _ask(page, "sideways()")


def axe(page: Any) -> list[str]:
    """Return what axe-core (WCAG 2.2 A and AA, best practices) holds against the page."""
    return _ask(page, "axe()", needs="axe.min.js")


WIDTHS = (320, 375, 1366)
#: Two frames, then every movement to its end: colours are on their way for a moment after a change.
SETTLED = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(
  Promise.all(document.getAnimations().filter((one) => one.effect.getComputedTiming().iterations !== Infinity)
    .map((one) => one.finished.catch(() => 0))).then(() => 0)))))"""


def in_every_look(
    page: Any,
    *,
    elder: bool = False,
    widths: tuple[int, ...] = WIDTHS,
    schemes: tuple[str, ...] = ("light", "dark"),
) -> dict[str, list[str]]:
    """Return what is held against the open page at each width (px), by day and in the dark; {} when good.

    Turning an open page is ten times quicker than opening it anew. Elder mode is the server's answer: the
    caller opens that page with ``elder``.
    """
    found = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 780})
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            page.evaluate(SETTLED)
            if complaints := held_against(page, elder=elder):
                found[f"{width} {scheme}"] = complaints
    return found


def held_against(page: Any, *, elder: bool = False) -> list[str]:
    """Return everything above at once: a page is good when this is empty."""
    return [
        *small_text(page, elder=elder),
        *small_targets(page, elder=elder),
        *sideways(page),
        *axe(page),
    ]
