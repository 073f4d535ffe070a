"""What the import tests share: a district with a desk, sheets, and short ways to import them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from portal.database import session
from portal.sheets.imports import commit, intake
from portal.sheets.imports.models import ImportBatch, ImportRow, sealing_uid
from portal.sheets.imports.pack import unseal
from portal.testing import invented_ric
from tests.sheets.files import OFFICIAL, xlsx

_KEYS = iter(range(10**9))


@dataclass
class Desk:
    """One district's desk, working in its scope."""

    world: Any
    district: Any
    ref: Any
    actor: int | None = None

    def upload(self, kind: str, rows: list[list[Any]], *, key: str = "", **kwargs: Any) -> ImportBatch:
        """Upload a sheet made of rows."""
        return self.upload_bytes(kind, xlsx({"表": rows}, **kwargs), key=key)

    def upload_bytes(self, kind: str, data: bytes, *, key: str = "", name: str = "表.xlsx") -> ImportBatch:
        """Upload a file."""
        key = key or f"key-{next(_KEYS)}"
        return intake.upload(kind, data, name, form_key=key, district=self.ref, actor=self.actor)

    def commit(self, batch: ImportBatch) -> ImportBatch:
        """Commit a batch as it is now."""
        commit.commit(batch, version=batch.version, district=self.ref, actor=self.actor)
        return batch

    def undo(self, batch: ImportBatch) -> ImportBatch:
        """Take a batch back."""
        commit.undo(batch, version=batch.version, district=self.ref, actor=self.actor)
        return batch

    def imported(self, kind: str, rows: list[list[Any]]) -> ImportBatch:
        """Upload and commit."""
        return self.commit(self.upload(kind, rows))


def outcomes(batch: ImportBatch) -> list[dict[str, Any]]:
    """Read the outcome of every row, with number and verdict."""
    rows = session.execute(
        select(ImportRow).where(ImportRow.batch_id == batch.id).order_by(ImportRow.number)
    ).scalars()
    return [
        {"number": r.number, "verdict": r.verdict}
        | unseal("outcome", sealing_uid(batch, r.number), r.outcome_sealed)
        for r in rows
    ]


def reasons(batch: ImportBatch) -> dict[int, str]:
    """Read why rows were refused, by row number."""
    return {o["number"]: "".join(o["reasons"]) for o in outcomes(batch) if o["reasons"]}


def member_row(number: int = 1, **values: Any) -> list[Any]:
    """Make one row of the official sheet; values by Chinese header."""
    known = {
        "序号": str(number),
        "姓名": "王芳",
        "所在党支部": "甲党支部",
        "公民身份证号": invented_ric(number),
        "民族": "汉族",
        "学历": "大学本科",
        "人员类别": "正式党员",
        "加入党组织日期": "2005-07-01",
        "转为正式党员日期": "2006-07-01",
        "手机号": f"1{'3900000000'[:-2]}{number:02d}"[:11],
        "党籍状态": "正常",
    } | values
    return [known.get(header) for header in OFFICIAL]


def member_sheet(*rows: list[Any]) -> list[list[Any]]:
    """Make the official sheet: title, unit, header in row 3, data from row 4."""
    return [["党员信息采集表"], ["填报单位：甲"], list(OFFICIAL), *rows]
