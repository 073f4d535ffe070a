"""复制到微信群: a text and a picture for a chat group, which holds nothing about anybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import segno


@dataclass(frozen=True, kw_only=True)
class GroupText:
    """What a secretary copies into a group: text with link, and the link as a QR picture (data URI)."""

    text: str
    url: str
    picture: str


def group_text(text: Any, *, url: str) -> GroupText:
    """Put a reminder and an absolute address together, ready to be copied.

    >>> group_text("本月党费可以交了。", url="https://example.invalid/d/1/dues/").text
    '本月党费可以交了。\\nhttps://example.invalid/d/1/dues/'
    """
    code = segno.make(url, error="m", micro=False)
    return GroupText(text=f"{text}\n{url}", url=url, picture=code.png_data_uri(scale=8, border=4))
