"""What the tests of pages share: somebody logged in, forms read as a browser sends them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any

from plugins.bookings.tests.conftest import Center
from portal.api import clock, session

_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_INPUT = re.compile(r"<input\b([^>]*)>")
_BUTTON = re.compile(r"<button\b([^>]*)>(.*?)</button>", re.DOTALL)


@dataclass
class Somebody:
    """An account with a browser, in a district; addresses are those below /bookings/."""

    center: Center
    account: Any
    client: Any

    @contextmanager
    def on(self, at: datetime) -> Iterator[None]:
        """Hold the clock at another time and log in there: an old session would have ended by then."""
        with clock.frozen(at):
            before, self.client = self.client, self.center.world.browser(self.account)
            yield
            self.client = before

    @property
    def id(self) -> int:
        return int(self.account.id)

    def url(self, rest: str = "") -> str:
        return f"/d/{self.center.district.code}/bookings/{rest}"

    def get(self, rest: str = "", **query: Any) -> Any:
        session.remove()
        return self.client.get(self.url(rest), query_string=query)

    def post(self, rest: str, data: Any) -> Any:
        session.remove()
        return self.client.post(self.url(rest), data=data)

    def press(self, answer: Any, label: str, **changes: Any) -> Any:
        """Press the button of a page that says ``label``, with everything its form holds."""
        action, fields = button(answer, label)
        session.remove()
        return self.client.post(action, data={**fields, **changes})


def somebody(center: Center, member: Any = None, **values: Any) -> Somebody:
    """Return somebody logged in."""
    account = center.world.account(member, **values)
    # The browser forgets the session's objects; the id is read before.
    assert account.id
    return Somebody(center, account, center.world.browser(account))


def said(answer: Any) -> str:
    """Return the words of a page, markup and spaces between left out."""
    body = answer.get_data(as_text=True)
    main = body[body.find("<main") : body.find("</main")]
    text = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", main, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(text)).replace("， ", "，")


def fields_of(head: str, inner: str) -> tuple[str, dict[str, Any]]:
    """Return where a form goes and what its hidden fields and typed fields hold."""
    action = unescape(re.search(r'action="([^"]*)"', head)[1])  # type: ignore[index]  # our forms have one
    found: dict[str, Any] = {}
    for raw in _INPUT.findall(inner):
        about = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', raw)}
        if about.get("type") in ("radio", "checkbox") and " checked" not in raw:
            continue
        if "name" in about and about["name"] != "csrf_token":
            found.setdefault(about["name"], []).append(about.get("value", ""))
    for name, body in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', inner, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        found[name] = [unescape(chosen[1])] if chosen else [""]
    for name, body in re.findall(r'<textarea\b[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', inner, re.DOTALL):
        found[name] = [unescape(body)]
    return action, {name: value[0] if len(value) == 1 else value for name, value in found.items()}


def button(answer: Any, label: str) -> tuple[str, dict[str, Any]]:
    """Return where the button that says ``label`` sends its form, and what it sends."""
    body = answer.get_data(as_text=True)
    labels = []
    for head, inner in _FORM.findall(body):
        for about, words in _BUTTON.findall(inner):
            text = re.sub(r"<[^>]+>", "", words).strip()
            labels.append(unescape(text))
            if unescape(text) == label:
                action, fields = fields_of(head, inner)
                name = re.search(r'name="([^"]+)"', about)
                value = re.search(r'value="([^"]*)"', about)
                if name:
                    fields[name[1]] = unescape(value[1]) if value else ""
                return action, fields
    raise AssertionError(f"no button {label!r} among {labels}")


def labels(answer: Any) -> list[str]:
    """Return what the buttons of a page's main part say."""
    body = answer.get_data(as_text=True)
    main = body[body.find("<main") : body.find("</main")]
    return [unescape(re.sub(r"<[^>]+>", "", words)).strip() for _about, words in _BUTTON.findall(main)]
