"""The words of every message, in two sizes: what a lock screen may show, and what the portal says inside."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from portal.words import lazy_gettext as _l

#: Words that tell a bystander about membership, an organization or a debt (ux.md "Never").
REVEALING = re.compile(
    r"党员|党费|党支部|党组织|组织关系|欠|补交|缴费|困难|救助|\bdues\b|\bmember|\barrears", re.I
)
#: The only values an outward text may carry: nothing about a person, no amount.
OUTWARD = frozenset({"code", "minutes", "date", "time", "place", "number", "site"})
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


class RevealingText(ValueError):
    """An outward text would show on a lock screen what only the person may know."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What messages are about, as a person chooses how to hear of them.

    Those of a kind that is ``always`` sent cannot be left out; ``why`` tells the reason.
    """

    key: str
    label: Any
    about: Any
    always: bool = False
    why: Any = ""


KINDS = {
    kind.key: kind
    for kind in (
        Kind(
            key="result",
            label=_l("办事结果"),
            about=_l("交的登记好了，申请有了答复。"),
        ),
        Kind(
            key="reminder",
            label=_l("到时候提醒"),
            about=_l("有事可以办了，提醒一声。"),
        ),
        Kind(
            key="duty",
            label=_l("要您本人知道的事"),
            about=_l("要您看一遍、确认的，或者好一阵没登记的。"),
            always=True,
            why=_l("关系到您的权利，要告诉到您本人，不能关。"),
        ),
        Kind(
            key="security",
            label=_l("登录验证码"),
            about=_l("只在您登录时发，不分早晚。"),
            always=True,
            why=_l("为了账号安全，总是发到登记的手机，不能关。"),
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Template:
    """A message: ``title`` and ``body`` go out, ``inside`` is shown in the portal after login.

    Texts are lazy Chinese source strings with ``%(name)s`` placeholders. ``urgent`` ignores quiet hours and
    overtakes other work; ``phone_only`` leaves preferences aside, because the number itself is to be proven.
    ``kind`` is one of KINDS: what a person may choose for messages like this one. ``words`` writes values of
    ``inside`` for its reader, who may read another language than whoever caused the message.
    """

    key: str
    title: Any
    body: Any
    inside: Any = ""
    urgent: bool = False
    phone_only: bool = False
    kind: str = "result"
    words: Mapping[str, Callable[[str], str]] = field(default_factory=dict)

    def placeholders(self) -> list[str]:
        """Return the names of the values in ``body``, in order: an SMS template's parameters."""
        return _PLACEHOLDER.findall(str(self.body))


_declared: dict[str, Template] = {}


def declare(template: Template) -> Template:
    """Make a message known; raise RevealingText when its outward words say too much.

    The Chinese source string is checked, so this works outside of a request as well.
    """
    outward = f"{_source(template.title)} {_source(template.body)}"
    found = REVEALING.search(outward)
    if found:
        raise RevealingText(f"{template.key}: {found.group()!r} must not show on a lock screen")
    unknown = set(_PLACEHOLDER.findall(outward)) - OUTWARD
    if unknown:
        raise RevealingText(f"{template.key}: {', '.join(sorted(unknown))} must not show on a lock screen")
    if template.kind not in KINDS:
        raise ValueError(f"{template.key}: no kind of message is called {template.kind}")
    if _declared.get(template.key, template) != template:
        raise ValueError(f"two messages are called {template.key}")
    _declared[template.key] = template
    return template


def get(key: str) -> Template:
    """Return a declared message; raise LookupError for an unknown key."""
    try:
        return _declared[key]
    except KeyError:
        raise LookupError(f"no message is called {key}") from None


def told(template: Template, params: Mapping[str, Any]) -> str:
    """Return what the portal says inside, with its values in the language of the moment."""
    shown = {name: template.words.get(name, str)(value) for name, value in params.items()}
    return fill(template.inside or template.body, shown)


def fill(text: Any, params: Mapping[str, Any]) -> str:
    """Put the values into a text, in the language of the moment."""
    return str(text) % params if params else str(text)


def _source(text: Any) -> str:
    # A lazy string keeps its source as the first argument; str() would need a request.
    arguments = getattr(text, "_args", None)
    return str(arguments[0]) if arguments else str(text)
