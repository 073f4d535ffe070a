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


def asks_again(view: View) -> View:
    """Ask who this is once more before this view when the last proof is older than the district allows.

    For decisions about money and whole exports (security.md "Passwords"). The gate asks; a filled form is
    kept.
    """
    view.__asks_again__ = True  # type: ignore[attr-defined]
    return view


def hands_out(view: View) -> View:
    """Say that this view hands out a whole list as a file: it asks again who this is, and is limited.

    One account or address exports ``exports_a_minute`` times at most (ASVS 2.4.1).
    """
    view.__hands_out__ = True  # type: ignore[attr-defined]  # functions carry what is said of them
    return asks_again(view)


def first_things(view: View) -> View:
    """Let this view be reached by whoever still has to set up a second factor or read the notice."""
    view.__first_things__ = True  # type: ignore[attr-defined]
    return view


def is_first_thing(view: Callable[..., Any]) -> bool:
    """Tell whether a view stands before what must be done first."""
    return bool(getattr(view, "__first_things__", False))


def is_asked_again(view: Callable[..., Any]) -> bool:
    """Tell whether a view wants a fresh proof."""
    return bool(getattr(view, "__asks_again__", False))


def is_handed_out(view: Callable[..., Any]) -> bool:
    """Tell whether a view hands out a whole list."""
    return bool(getattr(view, "__hands_out__", False))


def of(view: Callable[..., Any] | None) -> Access | None:
    """Return what a view declared."""
    return getattr(view, "__access__", None)
