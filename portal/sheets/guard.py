"""Refuse a dangerous or mislabelled file before any parser sees it.

Sources: security.md row 31 and ASVS 5.2.1-3, 1.5.1.
"""

import io
import re
import zipfile
import zlib

from portal.sheets.errors import SheetError
from portal.sheets.limits import Limits
from portal.words import lazy_gettext as _

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
_OTHER_MAGIC = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"MZ",
    b"\x7fELF",
    b"\x1f\x8b",
)
_NOT_A_SHEET = _("这个文件不是表格。请用.xlsx、.xls或.csv文件。")
_BROKEN = _("这个文件打不开，可能没有传完整。请在Excel或WPS里打开另存一份再传。")
_MACROS = _("这个文件带有宏，不能导入。请另存为不带宏的.xlsx文件再传。")
_LOCKED = _("这个文件设了打开密码。请去掉密码，另存一份再传。")
_BOMB = _("这个文件展开后太大，没有打开。请只留要导入的表，另存一份再传。")
_ENTITY = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_CELL = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,4})?(\d{1,9})["']""", re.IGNORECASE)


def kind_of(data: bytes, limits: Limits) -> str:
    """Name what the bytes are: "xlsx", "xls" or "csv".

    The magic decides, never the file's name. Raises SheetError for everything else.
    """
    if len(data) > limits.upload_bytes:
        megabytes = limits.upload_bytes // (1024 * 1024)
        raise SheetError(_("文件超过%(size)s兆，没有导入。请分成几份再传。", size=megabytes))
    if not data.strip(b"\0 \r\n\t\xef\xbb\xbf"):
        raise SheetError(_("这个文件是空的。"))
    if data.startswith(ZIP):
        _check_zip(data, limits)
        return "xlsx"
    if data.startswith(OLE):
        _check_ole(data)
        return "xls"
    if (
        data.startswith(_OTHER_MAGIC)
        or b"\0" in data[:4096]
        and not data.startswith((b"\xff\xfe", b"\xfe\xff"))
    ):
        raise SheetError(_NOT_A_SHEET)
    head = data[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<html", b"<!doctype", b"<table", b"<?xml", b"{\\rtf")):
        # many office systems export web pages under the name .xls
        raise SheetError(_("这个文件其实是网页，不是表格。请在Excel或WPS里打开，另存为.xlsx再传。"))
    return "csv"


def _check_ole(data: bytes) -> None:
    """Refuse encrypted workbooks and macros inside the old compound format."""
    if _utf16("EncryptedPackage") in data or _utf16("EncryptionInfo") in data:
        raise SheetError(_LOCKED)
    if _utf16("_VBA_PROJECT_CUR") in data or _utf16("VBA") + b"\0\0" in data:
        raise SheetError(_MACROS)
    if _utf16("Workbook") not in data and _utf16("Book") not in data:
        raise SheetError(_NOT_A_SHEET)


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


def _check_zip(data: bytes, limits: Limits) -> None:
    """Check count, declared and real unpacked size, macros, entities, before parsing."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise SheetError(_BROKEN) from None
    if len(members) > limits.members:
        raise SheetError(_BOMB)
    names = {member.filename.lower() for member in members}
    if len(names) != len(members):
        raise SheetError(_BROKEN)  # two members of one name: parsers disagree about which counts
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) or "macrosheets/" in name for name in names):
        raise SheetError(_MACROS)
    if any(member.flag_bits & 1 for member in members):
        raise SheetError(_LOCKED)
    if "xl/workbook.xml" not in names:
        raise SheetError(_NOT_A_SHEET)
    _unpack_within(archive, members, limits, len(data))


def _unpack_within(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: Limits, packed: int
) -> None:
    """Unpack every member in pieces and count: declared sizes can lie."""
    if sum(member.file_size for member in members) > limits.unpacked_bytes:
        raise SheetError(_BOMB)
    total = 0
    for member in members:
        name = member.filename.lower()
        tail = b""
        try:
            with archive.open(member) as stream:
                while piece := stream.read(1 << 20):
                    total += len(piece)
                    if total > limits.unpacked_bytes or (
                        total > limits.ratio_from_bytes and total > packed * limits.ratio
                    ):
                        raise SheetError(_BOMB)
                    if name.endswith((".xml", ".rels")):
                        _check_xml(name, tail + piece, limits)
                        tail = piece[-64:]
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
            raise SheetError(_BROKEN) from None


def _check_xml(name: str, piece: bytes, limits: Limits) -> None:
    """Refuse entities, wide encodings that would hide them, macro types and far-away cells.

    The parser lays a sheet out as a rectangle: two cells at opposite corners would ask for gigabytes.
    """
    if piece.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")) or _ENTITY.search(piece):
        raise SheetError(_BROKEN)
    if name.endswith("[content_types].xml") and b"macroEnabled" in piece:
        raise SheetError(_MACROS)
    if "/worksheets/" in name:
        for match in _CELL.finditer(piece):
            if int(match[2]) > limits.rows + 1000:
                raise too_long(limits)
            if match[1] and column_number(match[1].decode().upper()) > limits.columns:
                raise too_wide(limits)


def column_number(letters: str) -> int:
    """Turn column letters into a number: A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def too_long(limits: Limits) -> SheetError:
    """Say that the sheet has more rows than are taken at once."""
    return SheetError(_("表格超过%(rows)s行，没有导入。请分成几份再传。", rows=limits.rows))


def too_wide(limits: Limits) -> SheetError:
    """Say that the sheet has more columns than are looked at."""
    return SheetError(
        _("表格有内容的列超过%(columns)s列，没有导入。请删去用不到的列再传。", columns=limits.columns)
    )


def broken() -> SheetError:
    """Say that the file could not be opened."""
    return SheetError(_BROKEN)
