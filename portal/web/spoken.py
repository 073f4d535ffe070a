"""The words of a request's language: a page asks for some fifty of them, the language is found out once."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, has_app_context
from flask_babel import Babel, Domain, get_locale


class _Words(Domain):
    """Flask-Babel's domain, which would write the locale's name and look it up for every word."""

    def get_translations(self) -> Any:
        if not has_app_context():
            return super().get_translations()
        own = g._get_current_object()
        kept = own.get("translations")
        # A notice is written in its reader's language in the midst of somebody else's request. Where the
        # library keeps the language at hand is its own affair: not found there means asked for it again.
        if kept is None or kept[0] is not getattr(own.get("_flask_babel"), "babel_locale", None):
            kept = own.translations = (get_locale(), super().get_translations())
        return kept[1]


def install(app: Flask, babel: Babel) -> None:
    """Let Python and templates take their words from the same place."""
    with app.app_context():
        words = babel.domain_instance = _Words(domain=babel.domain)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda word: words.get_translations().ugettext(word),
        ngettext=lambda one, many, number: words.get_translations().ungettext(one, many, number),
        newstyle=True,
    )
    # Jinja's own "_" looks up "gettext" at every call.
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]
