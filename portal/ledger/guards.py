"""The ledger's triggers, in both dialects: wrong postings are refused below the code as well."""

from __future__ import annotations

from typing import Any

from portal.database import append_only, trigger

# Per guard: name, table, event, the condition that refuses (over NEW and OLD), the words.
_GUARDS = (
    (
        "ledger_line_after_seal",
        "ledger_line",
        "INSERT",
        "EXISTS (SELECT 1 FROM ledger_seal s WHERE s.entry_id = NEW.entry_id)",
        "entry is sealed",
    ),
    (
        "ledger_seal_two_lines",
        "ledger_seal",
        "INSERT",
        "(SELECT count(*) FROM ledger_line l WHERE l.entry_id = NEW.entry_id) < 2",
        "entry needs two lines",
    ),
    (
        "ledger_seal_balance",
        "ledger_seal",
        "INSERT",
        "(SELECT sum(l.amount_fen) FROM ledger_line l WHERE l.entry_id = NEW.entry_id) <> 0",
        "entry is not balanced",
    ),
    (
        "ledger_seal_one_book",
        "ledger_seal",
        "INSERT",
        "NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = NEW.entry_id AND e.book_id = NEW.book_id)"
        " OR EXISTS (SELECT 1 FROM ledger_line l JOIN ledger_account a ON a.id = l.account_id"
        " WHERE l.entry_id = NEW.entry_id AND a.book_id <> NEW.book_id)",
        "entry mixes books",
    ),
    (
        "ledger_book_forward",
        "ledger_book",
        "UPDATE",
        "NEW.seq <= OLD.seq OR NEW.district_id <> OLD.district_id OR NEW.purpose <> OLD.purpose"
        " OR NEW.uid <> OLD.uid",
        "a book only moves forward",
    ),
    ("ledger_book_stays", "ledger_book", "DELETE", "1 = 1", "a book is never deleted"),
)


def attach(*tables: Any) -> None:
    """Attach every guard to its table; all but the book are append-only."""
    by_name = {table.name: table for table in tables}
    for name, table, event, refused, words in _GUARDS:
        result = "OLD" if event == "DELETE" else "NEW"
        trigger(
            by_name[table],
            sqlite=(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {refused} "
                f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            ),
            postgresql=[
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger AS $$ BEGIN IF {refused} THEN "
                f"RAISE EXCEPTION '{words}'; END IF; RETURN {result}; END $$ LANGUAGE plpgsql",
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
            ],
        )
    for table in tables:
        if table.name != "ledger_book":
            append_only(table)
