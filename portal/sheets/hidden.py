"""Which rows and columns of a workbook nobody sees: filtered away, folded, or hidden by hand.

The parser reads them like all others. Whoever filtered a list to one branch and saved it means the rows that
are left, so the sheet has to say which ones those are.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from portal.sheets import hidden_xls
from portal.sheets.limits import Limits

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*)>")
_COLUMN = re.compile(rb"<(?:\w+:)?col\b([^>]*)>")
_HIDDEN = re.compile(rb"""(?<![\w:])hidden\s*=\s*["'](?:1|true)["']""")
# a row drawn to nothing is out of sight as well
_FLAT = re.compile(rb"""(?<![\w:])ht\s*=\s*["']0(?:\.0*)?["']""")
_NUMBER = re.compile(rb"""(?<![\w:])r\s*=\s*["'](\d{1,7})["']""")
_SPAN = re.compile(rb"""(?<![\w:])(min|max)\s*=\s*["'](\d{1,5})["']""")


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """What is out of sight on one sheet: row numbers as Excel counts them, column positions from 0."""

    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()


NOTHING = Hidden()


def of_workbook(data: bytes, kind: str, limits: Limits) -> Mapping[str, Hidden]:
    """Return what is hidden on each sheet of a file that passed the guard, by the sheet's name."""
    if kind == "xls":
        found = hidden_xls.of_workbook(data)
        return {name: Hidden(rows=rows, columns=columns) for name, (rows, columns) in found.items()}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name.lower(): name for name in archive.namelist()}
        found_in = {}
        for name, path in _sheets(archive, members).items():
            if path in members:
                found_in[name] = _of_sheet(archive.read(members[path]), limits)
    return found_in


def _sheets(archive: zipfile.ZipFile, members: Mapping[str, str]) -> dict[str, str]:
    """Return the part of each sheet by the sheet's name; both files hold no entities, the guard looked."""
    book, relations = members.get("xl/workbook.xml"), members.get("xl/_rels/workbook.xml.rels")
    if book is None or relations is None:
        return {}
    try:
        targets = {
            one.get("Id"): one.get("Target", "") for one in ElementTree.fromstring(archive.read(relations))
        }
        sheets = [one for one in ElementTree.fromstring(archive.read(book)).iter() if _tag(one) == "sheet"]
    except ElementTree.ParseError:
        return {}  # whether the file can be opened at all is for the parser to say
    return {
        one.get("name", ""): posixpath.normpath(posixpath.join("/xl", targets.get(_relation(one), "")))
        .lstrip("/")
        .lower()
        for one in sheets
    }


def _relation(sheet: ElementTree.Element) -> str:
    # r:id; its namespace is another one in workbooks saved as Strict Open XML
    return next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _of_sheet(content: bytes, limits: Limits) -> Hidden:
    if not _HIDDEN.search(content) and not _FLAT.search(content):
        return NOTHING
    rows: set[int] = set()
    number = 0
    for match in _ROW.finditer(content):
        said = _NUMBER.search(match[1])
        # A row that does not give its number follows the one before.
        number = int(said[1]) if said else number + 1
        if _HIDDEN.search(match[1]) or _FLAT.search(match[1]):
            rows.add(number)
    columns: set[int] = set()
    for match in _COLUMN.finditer(content):
        if _HIDDEN.search(match[1]):
            span = {name: int(value) for name, value in _SPAN.findall(match[1])}
            last = min(span.get(b"max", 0), limits.columns)
            columns.update(range(span.get(b"min", 1) - 1, last))
    return Hidden(rows=frozenset(rows), columns=frozenset(columns))
