"""A voucher as a PDF, typeset by typst; data goes in as JSON, never as markup."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import typst

from portal.api import gettext as _

from . import page_words as words
from . import picture
from .queries.vouchers import Voucher

HERE = Path(__file__).parent
FONTS = HERE / "fonts"


def printable(found: Voucher) -> bool:
    """Tell whether the font has every character of the name and the branch (it has those of GB 2312).

    A name with a rare character is kept as a picture or printed from the page instead of being misspelt.
    """
    try:
        (found.name + found.branch).encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def voucher(found: Voucher, *, check_url: str) -> bytes:
    """Return the PDF of a voucher with its QR code."""
    data = {
        "title": _("党费缴费凭证"),
        "mark": _("已作废") if found.state == "void" else "",
        "rows": [list(row) for row in words.voucher_rows(found)],
        "foot": words.voucher_foot(),
    }
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copy(HERE / "print" / "voucher.typ", root)
        (root / "qr.svg").write_bytes(picture.qr_bytes(check_url))
        made = typst.compile(
            str(root / "voucher.typ"),
            root=str(root),
            font_paths=[str(FONTS)],
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        )
    assert isinstance(made, bytes)
    return made
