"""How names are sorted and found by initials: pinyin, with the surnames that are read otherwise."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

# Surnames whose reading differs from the common one of the character (stack.md, pinyin).
SURNAMES = {
    "单": "shan", "仇": "qiu", "曾": "zeng", "解": "xie", "区": "ou", "查": "zha", "盖": "ge", "朴": "piao",
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "尹": "yin", "召": "shao", "缪": "miao",
    "翟": "zhai", "员": "yun", "乐": "yue", "种": "chong", "黑": "he", "折": "she", "逄": "pang", "覃": "qin",
    "冼": "xian", "洗": "xian", "任": "ren", "华": "hua", "卜": "bu", "宁": "ning", "牟": "mu", "哈": "ha",
}  # fmt: skip


@lru_cache(maxsize=4096)
def sort_key(name: str, *, person: bool = False) -> str:
    """Return the pinyin of a name, words apart, lower case: what lists are sorted by."""
    return " ".join(_syllables(name, person=person))[:160]


def initials(name: str, *, person: bool = False) -> str:
    """Return the first letters of a name's pinyin: 平房区 is pfq."""
    return "".join(syllable[0] for syllable in _syllables(name, person=person) if syllable)[:40]


def _syllables(name: str, *, person: bool) -> list[str]:
    if person:
        for length in (2, 1):
            reading = SURNAMES.get(name[:length])
            if reading and len(name) > length:
                return [*reading.split(), *_plain(name[length:])]
    return _plain(name)


def _parts(part: str) -> Any:
    # pypinyin takes a list as well; its own annotation says text only.
    return part.lower().split() or [part]


def _plain(text: str) -> list[str]:
    # Where a name is read: its dictionary of phrases would take a tenth of every command's start.
    from pypinyin import Style, lazy_pinyin

    found = lazy_pinyin(text, style=Style.NORMAL, errors=_parts)
    return ["".join(c for c in part if c.isalnum()) for part in found if any(c.isalnum() for c in part)]
