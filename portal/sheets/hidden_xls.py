"""Hidden rows and columns of the old .xls format, which the parser does not tell.

Sources: [MS-CFB] (the compound file) and [MS-XLS] 2.4.221 Row, 2.4.53 ColInfo, 2.4.28 BoundSheet8.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_END = 0xFFFFFFF8  # and above: no sector
_ROW, _COLINFO, _BOUNDSHEET, _BOF, _EOF = 0x0208, 0x007D, 0x0085, 0x0809, 0x000A

Found = dict[str, tuple[frozenset[int], frozenset[int]]]


def of_workbook(data: bytes) -> Found:
    """Return (row numbers from 1, column positions from 0) by sheet; nothing where the file is unreadable."""
    try:
        stream = _Compound(data).workbook()
        return {name: _of_sheet(stream, start) for name, start in _sheets(stream)}
    except (struct.error, IndexError, ValueError):
        return {}  # whether the file can be opened at all is for the parser to say


def _sheets(stream: bytes) -> Iterator[tuple[str, int]]:
    for kind, body in _records(stream, 0):
        if kind == _BOUNDSHEET:
            start, _state, _type, length, wide = struct.unpack_from("<IBBBB", body)
            name = body[8 : 8 + length * (2 if wide & 1 else 1)]
            yield name.decode("utf-16-le" if wide & 1 else "latin-1"), start


def _of_sheet(stream: bytes, start: int) -> tuple[frozenset[int], frozenset[int]]:
    rows: set[int] = set()
    columns: set[int] = set()
    for kind, body in _records(stream, start):
        if kind == _ROW:
            # fDyZero
            if struct.unpack_from("<H", body, 12)[0] & 0x20:
                rows.add(struct.unpack_from("<H", body)[0] + 1)
        elif kind == _COLINFO:
            first, last, _width, _format, options = struct.unpack_from("<5H", body)
            if options & 1:
                columns.update(range(first, min(last, 255) + 1))
    return frozenset(rows), frozenset(columns)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield the records of one substream; a chart inside a sheet is one of its own and left out."""
    depth = 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        depth += (kind == _BOF) - (kind == _EOF)
        if depth == 1:
            yield kind, stream[at + 4 : at + 4 + length]
        if depth <= 0:
            return
        at += 4 + length


class _Compound:
    """As much of a compound file as it takes to find the stream of the workbook."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size = 1 << struct.unpack_from("<H", data, 30)[0]
        self._mini = 1 << struct.unpack_from("<H", data, 32)[0]
        if self._size not in (512, 4096) or self._mini != 64:
            raise ValueError("no compound file of ours")
        self._fat = self._table()
        self._directory = self._chain(struct.unpack_from("<I", data, 48)[0])

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _table(self) -> list[int]:
        sectors = list(struct.unpack_from("<109I", self._data, 76))
        further = struct.unpack_from("<I", self._data, 68)[0]
        most = len(self._data) // self._size + 1
        while further < _END and len(sectors) <= most:
            more = struct.unpack(f"<{self._size // 4}I", self._sector(further))
            sectors += more[:-1]
            further = more[-1]
        known = b"".join(self._sector(number) for number in sectors if number < _END)
        return list(struct.unpack(f"<{len(known) // 4}I", known))

    def _chain(self, first: int) -> bytes:
        pieces: list[bytes] = []
        number = first
        while number < _END:
            pieces.append(self._sector(number))
            if len(pieces) > len(self._fat):
                raise ValueError("a chain without an end")
            number = self._fat[number]
        return b"".join(pieces)

    def workbook(self) -> bytes:
        """Return the stream ``Workbook``, empty where there is none."""
        entries = [self._directory[at : at + 128] for at in range(0, len(self._directory) - 127, 128)]
        for entry in entries:
            length = struct.unpack_from("<H", entry, 64)[0]
            if entry[: max(length - 2, 0)].decode("utf-16-le", "replace").lower() in ("workbook", "book"):
                first, size = struct.unpack_from("<II", entry, 116)
                if size >= struct.unpack_from("<I", self._data, 56)[0]:
                    return self._chain(first)[:size]
                return self._small(first, size, entries[0])
        return b""

    def _small(self, first: int, size: int, root: bytes) -> bytes:
        held = self._chain(struct.unpack_from("<I", root, 116)[0])
        raw = self._chain(struct.unpack_from("<I", self._data, 60)[0])
        table = struct.unpack(f"<{len(raw) // 4}I", raw)
        pieces: list[bytes] = []
        number = first
        while number < _END and len(pieces) <= len(table):
            pieces.append(held[number * self._mini : (number + 1) * self._mini])
            number = table[number]
        return b"".join(pieces)[:size]
