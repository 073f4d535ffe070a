"""Which hook asked which plugin, how long it took, how much came back: names and numbers only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One question to one plugin. ``size`` is how many things came back, ``error`` the kind of a failure."""

    hook: str
    slug: str
    seconds: float
    size: int = 0
    error: str = ""


_calls: ContextVar[list[Call] | None] = ContextVar("hook_calls", default=None)


def begin() -> list[Call]:
    """Note every hook call of this context from now on, in the list handed back; ``end`` stops it."""
    noted: list[Call] = []
    _calls.set(noted)
    return noted


def end() -> None:
    """Note nothing any more."""
    _calls.set(None)


@contextmanager
def traced() -> Iterator[list[Call]]:
    """Note every hook call made inside."""
    try:
        yield begin()
    finally:
        end()


def asked(hook: str, slug: str, call: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Ask a plugin, and note it where somebody wants to know; a generator is read to its end."""
    noted = _calls.get()
    if noted is None:
        return call(**arguments)
    began = perf_counter()
    try:
        answer = call(**arguments)
        if hasattr(answer, "__next__"):
            answer = list(answer)
    except Exception as error:
        spent = perf_counter() - began
        noted.append(Call(hook=hook, slug=slug, seconds=spent, error=type(error).__name__))
        raise
    noted.append(Call(hook=hook, slug=slug, seconds=perf_counter() - began, size=_size(answer)))
    return answer


def _size(answer: Any) -> int:
    if answer is None:
        return 0
    return len(answer) if hasattr(answer, "__len__") else 1
