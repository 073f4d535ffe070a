"""Every Chinese sentence on a screen can be read in English too."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from portal.web import languages

HAN = re.compile(r"[\u3400-\u9fff]")
_PLACE = re.compile(r"%\((\w+)\)[a-z]|%[sd]|\{(\w*)\}")


def lacking(root: Path, language: str) -> list[str]:
    """Return the strings of the sources that have no words, or other placeholders, in a catalogue."""
    found = []
    for folder in languages.folders(root):
        path = languages.catalogue(folder, language)
        with path.open("rb") as file:
            known = read_po(file, locale=language)
        for message in languages.extracted(folder, root):
            if message.id:
                found += [
                    f"{folder.parent.name}: {fault}" for fault in _faults(message, known.get(message.id))
                ]
    return found


def _faults(message: Message, translated: Message | None) -> list[str]:
    name = message.id if isinstance(message.id, str) else message.id[0]
    if translated is None:
        return [f"{name!r} is not in the catalogue"]
    words = translated.string if isinstance(translated.string, tuple | list) else [translated.string]
    if not all(words) or translated.fuzzy:
        return [f"{name!r} has no words"]
    wanted = _places(name)
    return [f"{name!r}: {text!r} has other placeholders" for text in words if not _places(text) <= wanted] + [
        f"{name!r}: {text!r} is Chinese" for text in words if HAN.search(text) and "“" not in text
    ]


def _places(text: str) -> Counter[str]:
    """Count the placeholders: one that stands more often than in the source is a sentence said twice."""
    return Counter(match.group(0) for match in _PLACE.finditer(text))


#: "%(n)s rows": with one of them it must read as one.
_COUNTED = re.compile(
    r"%\((?:n|num|count|minutes|seconds|days|told|years)\)s (?:[a-z]+ )?(?!was|is|has)(?:[a-z]+s|people)\b"
)
#: Sentences whose number is never one, with the reason.
NEVER_ONE = {
    "%(first)s到%(last)s（%(count)s个月）": "a stretch has a first and a last month",
    "支部里有%(count)s位“%(name)s”，请加一列“身份证号后4位”写明是哪一位。": "said of namesakes",
    "%(label)s“%(name)s”在本地有%(count)s个，分不清是哪一个，请写全称或先合并。": "said of namesakes",
    "叫“%(name)s”的单位有%(count)s个，请补上统一社会信用代码。": "said of namesakes",
    "有人连续%(n)s个月没登记党费，请当面了解": "steps of the rate table",
    "有人连续%(n)s个月没登记党费，请支部研究": "steps of the rate table",
    "有支部的同志连续%(n)s个月没登记党费，请和支部一起研究": "steps of the rate table",
    "连续%(n)s个月没登记": "steps of the rate table",
    "有一格超过%(count)s个字，没有导入：“%(start)s…”。": "a limit of thousands",
    "本页%(n)s条": "the English word does not change",
    "验证码%(code)s，%(minutes)s分钟内有效。不要告诉任何人，工作人员也不会要。": "ten minutes",
}


def miscounted(root: Path, language: str) -> list[str]:
    """Return the strings that read wrong with a count of one: "1 rows"."""
    found = []
    for folder in languages.folders(root):
        with languages.catalogue(folder, language).open("rb") as file:
            for message in read_po(file, locale=language):
                if not message.id:
                    continue
                single = isinstance(message.id, str)
                said = message.string if single else message.string[0]
                if _COUNTED.search(said) and not (single and message.id in NEVER_ONE):
                    found.append(f"{folder.parent.name}: {said!r} for one")
    return found
