"""What stands in a name is text in the PDF of a voucher too: the typesetter's own commands are not run."""

from __future__ import annotations

import io
import re

import pytest
from pypdf import PdfReader

from plugins.dues.tests.conftest import Branch, pay
from plugins.dues.tests.test_pages import browser, url


def printed(data: bytes) -> str:
    """Return the text of a PDF without the room a typesetter leaves."""
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages))


@pytest.mark.parametrize(
    "name",
    ["赵#read(\"voucher.typ\")", "赵#(1+1)*钱*", "赵$x$", "赵\"]}孙", "赵{{7*7}}", "赵<b>孙"],
    ids=str,
)  # fmt: skip
def test_commands_in_a_name_are_printed_and_not_run(branch: Branch, name: str) -> None:
    member = branch.member(name=name)
    voucher = pay(branch, member, 1930, ["2026-09"])
    answer = browser(branch, member).get(url(branch, f"voucher/{voucher.token}.pdf"))
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF-")
    assert name in printed(answer.data)
