"""Words in the language of whoever reads them; Chinese is the source, so Chinese needs no catalogue.

A page asks for fifty to a hundred words. Flask-Babel finds out the language and looks for the catalogue at
each of them; here that is done once a request. Which language it is stays Flask-Babel's affair.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import flask_babel
from babel import Locale
from babel.support import NullTranslations
from flask import has_request_context
from flask_babel.speaklater import LazyString


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language and its words; ``words`` is None where the source itself is spoken."""

    locale: Locale | None
    words: NullTranslations | None

    @property
    def chinese(self) -> bool:
        """Tell whether Chinese is spoken: what joins and writes sentences asks this."""
        return self.locale is None or self.locale.language == "zh"


_here: ContextVar[Spoken | None] = ContextVar("spoken", default=None)


def spoken() -> Spoken:
    """Return the language of this request or job; the source's outside of both."""
    kept = _here.get()
    if kept is None:
        kept = _found()
        if has_request_context():
            _here.set(kept)
    return kept


def _found() -> Spoken:
    locale = flask_babel.get_locale()
    source = locale is None or locale.language == "zh"
    return Spoken(locale, None if source else flask_babel.get_translations())


def forget() -> None:
    """Begin or end a request: whoever reads next is asked for anew."""
    _here.set(None)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Write in one language (``zh`` or ``en``) for a while: a notice is written in its reader's own."""
    with flask_babel.force_locale("en" if language == "en" else "zh_Hans_CN"):
        before = _here.set(_found())
        try:
            yield
        finally:
            _here.reset(before)


def gettext(word: str, /, **values: Any) -> str:
    """Return a word or sentence in the language spoken here, with its ``%(name)s`` filled in."""
    words = spoken().words
    said = word if words is None else words.gettext(word)
    return said % values if values else said


def ngettext(one: str, many: str, number: int, /, **values: Any) -> str:
    """Return the sentence for a count; ``%(num)s`` is the count itself."""
    words = spoken().words
    said = (one if number == 1 else many) if words is None else words.ngettext(one, many, number)
    values.setdefault("num", number)
    return said % values


def lazy_gettext(word: str, /, **values: Any) -> LazyString:
    """Return a sentence that finds its language when it is read: for what is declared once at start."""
    return LazyString(gettext, word, **values)
