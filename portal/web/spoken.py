"""The words of templates: the same as Python's, safe where the page escapes what is put into them."""

from __future__ import annotations

from typing import Any

from flask import Flask
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

from portal import words


@pass_eval_context
def _gettext(context: EvalContext, word: str, /, **values: Any) -> str:
    return _filled(context, words.gettext(word), values)


@pass_eval_context
def _ngettext(context: EvalContext, one: str, many: str, number: int, /, **values: Any) -> str:
    values.setdefault("num", number)
    found = words.spoken().words
    said = (one if number == 1 else many) if found is None else found.ngettext(one, many, number)
    return _filled(context, said, values)


def _filled(context: EvalContext, said: str, values: dict[str, Any]) -> str:
    if context.autoescape:
        said = Markup(said)
    # As Jinja's own: always a format string, so that "%%" means the same with and without values.
    return said % values if values or "%" in said else said


def install(app: Flask) -> None:
    """Let templates take their words from the same place as Python does."""
    app.jinja_env.newstyle_gettext = True  # type: ignore[attr-defined]  # an extension puts it there
    app.jinja_env.globals.update(gettext=_gettext, ngettext=_ngettext, _=_gettext)
