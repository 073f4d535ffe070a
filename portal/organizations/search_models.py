"""The table behind every search of public names, and its full-text index on both databases."""

from __future__ import annotations

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import DistrictScoped, Model, trigger

KINDS = ("organization", "unit", "place", "district")

# PostgreSQL compares text by the server's language unless told; a range of beginnings needs plain order.
_PLAIN = String(120).with_variant(String(120, collation="C"), "postgresql")
_CODE = String(18).with_variant(String(18, collation="C"), "postgresql")


class SearchEntry(DistrictScoped, Model):
    """One name (or alias) of something public. Written by ``portal.organizations.search`` only.

    Only what anybody may know enters: names, addresses, credit codes (data classes 0 and 1).
    """

    __tablename__ = "search_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(12))
    entity_id: Mapped[int]
    number: Mapped[int]  # 0 the name, 1.. its aliases
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(_PLAIN)
    code: Mapped[str | None] = mapped_column(_CODE)
    sort_key: Mapped[str] = mapped_column(String(240))
    terms: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        Index("uq_search_entry_entity", "kind", "entity_id", "number", unique=True),
        Index("ix_search_entry_name_key", "name_key"),
        Index("ix_search_entry_district_id_name_key", "district_id", "name_key"),
        Index("ix_search_entry_code", "code"),
        # PostgreSQL asks no full-text index before its wall has judged every row.
        {"info": {"open": "names anybody may know, searched across all districts"}},
    )


_TABLE = SearchEntry.__table__

# The tokenizer ``ascii`` cuts at blanks only and leaves every other character alone, rare ones included; the
# terms come ready cut from search.py. ``prefix`` keeps short beginnings fast.
trigger(
    _TABLE,
    sqlite=(
        "CREATE VIRTUAL TABLE search_fts USING fts5(terms, content='search_entry', content_rowid='id', "
        "tokenize='ascii', prefix='2 3 4 5')"
    ),
    # The terms are read when they are written: a word that many names carry is found by going through the
    # table until enough of them have it, and a phrase is looked up again in each row that the index names.
    postgresql=[
        "ALTER TABLE search_entry ADD COLUMN terms_read tsvector "
        "GENERATED ALWAYS AS (to_tsvector('simple', terms)) STORED",
        "CREATE INDEX ix_search_entry_terms ON search_entry USING gin (terms_read)",
    ],
)
# PostgreSQL keeps both by itself; FTS5 is told by triggers.
_ADD = "INSERT INTO search_fts(rowid, terms) VALUES (new.id, new.terms);"
_TAKE = "INSERT INTO search_fts(search_fts, rowid, terms) VALUES ('delete', old.id, old.terms);"
for _event, _body in (("INSERT", _ADD), ("DELETE", _TAKE), ("UPDATE", _TAKE + " " + _ADD)):
    trigger(
        _TABLE,
        sqlite=(
            f"CREATE TRIGGER search_fts_{_event.lower()} AFTER {_event} ON search_entry BEGIN {_body} END"
        ),
        postgresql=[],
    )
