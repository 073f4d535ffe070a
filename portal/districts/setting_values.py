"""What a setting may be: read from a form or the apply file, checked, told to the trail."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from portal.plugin import Setting

#: The longest text; a certificate has its own page.
LONGEST = 4000
_YUAN = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", re.ASCII)
#: Numbers that could be a phone or an identity; the trail refuses them.
_PERSONAL = re.compile(r"(?<!\d)\d{11}(?!\d)|\d{17}[\dXx]")


class BadValue(ValueError):
    """A value that a setting cannot have; ``reason`` is a code, the words are the caller's.

    ``type``: of another kind; ``choice``: none of the choices; ``range``: too large or too small for a
    number; ``long``: a text of more than ``LONGEST`` characters; ``odd``: characters that cannot be kept;
    ``check``: not what the setting's help asks for.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def checked(setting: Setting, value: Any) -> Any:
    """Return ``value`` as it is kept.

    Raises:
        BadValue: it is none this setting can have.
    """
    # A bool is an int to Python and not to a person.
    if type(value) is not setting.type:
        raise BadValue("type")
    if setting.choices and value not in {choice for choice, _words in setting.choices}:
        raise BadValue("choice")
    if isinstance(value, int) and not isinstance(value, bool) and not setting.least <= value <= setting.most:
        raise BadValue("range")
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise BadValue("long")
        if any(unicodedata.category(one) == "Cc" and one not in "\n\t" for one in value):
            raise BadValue("odd")
    if setting.check is not None and not setting.check(value):
        raise BadValue("check")
    return value


def typed(setting: Setting, text: str) -> Any:
    """Read what a person typed; spaces around it and full-width digits are forgiven, amounts are yuan.

    Raises:
        BadValue: it is none this setting can have.
    """
    text = text.replace("\r\n", "\n").strip()
    if setting.type is bool:
        return checked(setting, {"1": True, "0": False}.get(text))
    plain = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    if setting.fen:
        amount = _YUAN.fullmatch(plain.removeprefix("¥").removesuffix("元"))
        if amount is None:
            raise BadValue("type")
        return checked(setting, int(amount[1]) * 100 + int((amount[2] or "").ljust(2, "0")))
    if setting.type is int:
        if not re.fullmatch(r"-?[0-9]{1,18}", plain, re.ASCII):
            raise BadValue("type")
        return checked(setting, int(plain))
    return checked(setting, text)


def as_typed(setting: Setting, value: Any) -> str:
    """Write a value as a person would type it: ``typed`` reads it back."""
    return f"{value // 100}.{value % 100:02d}" if setting.fen else str(value)


def told(setting: Setting, value: Any) -> Any:
    """Return what the trail may keep of a value: nothing of a secret, no number that could be a person's."""
    if value is None:
        return None
    if setting.secret:
        return "***"
    if isinstance(value, str) and (_PERSONAL.search(value) or len(value) > 200):
        return "…"
    return value
