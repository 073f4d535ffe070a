"""Every Chinese sentence on a screen can be read in English too."""

from __future__ import annotations

import re
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


def _places(text: str) -> set[str]:
    return {match.group(0) for match in _PLACE.finditer(text)}
