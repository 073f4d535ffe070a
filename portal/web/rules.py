"""How a URL is put together: worked out when one is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LateRule(Rule):
    """A rule that writes the code of its ``url_for`` at the first use.

    Werkzeug compiles two functions for each of some 250 rules at the start: nine tenths of the time
    ``create_app`` takes, paid by every command and every test for a handful of URLs each.
    Where Werkzeug no longer asks for this function, the rules are plain ones.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: Callable[..., tuple[str, str]] | None = None
        work = super()._compile_builder

        def build(rule: Rule, /, **values: Any) -> tuple[str, str]:
            nonlocal compiled
            if compiled is None:  # two threads may both do it: the same code twice
                compiled = work(append_unknown)
            return compiled(rule, **values)

        return build
