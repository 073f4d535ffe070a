"""Every view says who may call it; one that says nothing is refused (and fails the tests)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Access:
    """``public``: anybody; ``signed_in``: any account; else the named permission."""

    kind: str
    permission: str = ""
    csrf: bool = True


def public(view: View) -> View:
    """Let anybody call this view."""
    view.__access__ = Access("public")  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Let anybody with an account call this view."""
    view.__access__ = Access("signed_in")  # type: ignore[attr-defined]
    return view


def requires(permission: str) -> Callable[[View], View]:
    """Let those call this view who hold ``permission`` somewhere in the district.

    A branch role reaches only its own branch: the view narrows by ``actor.reach(permission)``.
    """

    def mark(view: View) -> View:
        view.__access__ = Access("permission", permission)  # type: ignore[attr-defined]
        return view

    return mark


def of(view: Callable[..., Any] | None) -> Access | None:
    """Return what a view declared."""
    return getattr(view, "__access__", None)
