"""search terms read once"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # FTS5 keeps its own reading of the terms.
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP INDEX ix_search_entry_terms")
    op.execute(
        "ALTER TABLE search_entry ADD COLUMN terms_read tsvector "
        "GENERATED ALWAYS AS (to_tsvector('simple', terms)) STORED"
    )
    op.execute("CREATE INDEX ix_search_entry_terms ON search_entry USING gin (terms_read)")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("DROP INDEX ix_search_entry_terms")
    op.execute("ALTER TABLE search_entry DROP COLUMN terms_read")
    op.execute("CREATE INDEX ix_search_entry_terms ON search_entry USING gin (to_tsvector('simple', terms))")
