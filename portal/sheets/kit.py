"""What a plugin needs to take in and hand out sheets of its own; ``portal.api.sheet_kit``.

Read (``read_tables``), find out which column is what (``Profile``, ``recognise``), judge every row
(``judge_rows``), write (``write_xlsx``, ``write_csv``, ``write_refused``, ``write_template``).
"""

from portal.sheets.dryrun import judge_rows, notices_of, unseen_columns
from portal.sheets.errors import Cell, CellError, SheetError, Where, shown
from portal.sheets.limits import Limits
from portal.sheets.profiles import Column, ColumnMap, Profile, best_table, recognise
from portal.sheets.reading import Table, read_tables
from portal.sheets.rows import Change, Row, Verdict, data_rows
from portal.sheets.writing import (
    CSV,
    XLSX,
    content_disposition,
    write_csv,
    write_refused,
    write_template,
    write_xlsx,
)

__all__ = [
    "CSV",
    "XLSX",
    "Cell",
    "CellError",
    "Change",
    "Column",
    "ColumnMap",
    "Limits",
    "Profile",
    "Row",
    "SheetError",
    "Table",
    "Verdict",
    "Where",
    "best_table",
    "content_disposition",
    "data_rows",
    "judge_rows",
    "notices_of",
    "read_tables",
    "recognise",
    "shown",
    "unseen_columns",
    "write_csv",
    "write_refused",
    "write_template",
    "write_xlsx",
]
