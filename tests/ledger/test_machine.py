"""Random postings, repeats and reversals: the invariants of payments.md §5.4 that concern the books alone."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import text

from portal.database import db, everything, session
from portal.ledger import Account, Kind, LedgerError, balances, open_book, post, reverse, verify
from portal.testing import postgresql
from tests.ledger.conftest import DAY, bare_app, fresh_books

NAMES = [Account(code=f"1{n}:x", kind=Kind.CASH) for n in range(3)]
AMOUNTS = st.integers(min_value=-(10**9), max_value=10**9)


class Books(RuleBasedStateMachine):
    """Two books of two districts, and a plain dictionary that says what must be in them."""

    def __init__(self):
        super().__init__()
        self.databases, self.folder = postgresql.known(), TemporaryDirectory()
        self.app = bare_app(Path(self.folder.name))
        self.context = self.app.app_context()
        self.context.push()
        self.scope = everything()
        self.scope.__enter__()
        fresh_books()
        self.books = [open_book(district_id=n, purpose="dues") for n in (1, 2)]
        self.expected = [{}, {}]
        self.written = [{}, {}]  # idem -> lines
        self.entries = [{}, {}]
        self.reversed = set()
        self.visible = {}

    def teardown(self):
        session.remove()
        db.engine.dispose()
        postgresql.drop_since(self.databases)
        self.folder.cleanup()
        self.scope.__exit__(None, None, None)
        self.context.pop()

    @rule(
        which=st.integers(0, 1),
        idem=st.sampled_from("abcdefgh"),
        amounts=st.lists(AMOUNTS, min_size=1, max_size=3),
        day=st.integers(-3, 3),
        balanced=st.booleans(),
    )
    def post(self, which, idem, amounts, day, balanced):
        amounts = [*amounts, -sum(amounts)] if balanced else amounts
        lines = [(NAMES[i % 3], amount) for i, amount in enumerate(amounts)]
        body = sorted((account.code, amount) for account, amount in lines)
        good = len(lines) > 1 and all(amounts) and not sum(amounts)
        known = self.written[which].get(idem)
        try:
            entry = post(
                book=self.books[which],
                idem=idem,
                kind="test",
                effective_date=DAY + timedelta(days=day),
                lines=lines,
                actor="account:1",
            )
        except LedgerError:
            assert not good or (known is not None and known != body)
            return
        assert good and known in (None, body)
        if known is None:
            self.written[which][idem] = body
            self.entries[which][idem] = entry
            self._add(which, body, 1)
        assert entry.id == self.entries[which][idem].id

    @rule(which=st.integers(0, 1), idem=st.sampled_from("abcdefgh"))
    def reverse(self, which, idem):
        entry = self.entries[which].get(idem)
        if entry is None:
            return
        reverse(entry, reason="试", actor="account:2")
        if (which, idem) not in self.reversed:
            self.reversed.add((which, idem))
            self._add(which, self.written[which][idem], -1)

    def _add(self, which, body, sign):
        for code, amount in body:
            self.expected[which][code] = self.expected[which].get(code, 0) + sign * amount

    @invariant()
    def balances_are_what_was_posted(self):
        for book, expected in zip(self.books, self.expected, strict=True):
            assert balances(book) == expected
            assert sum(expected.values()) == 0
            for day in range(-3, 4):
                assert sum(balances(book, until=DAY + timedelta(days=day)).values()) == 0

    @invariant()
    def chains_verify(self):
        assert [verify(book) for book in self.books] == [[], []]

    @invariant()
    def nothing_visible_changes(self):
        for table in ("ledger_entry", "ledger_line", "ledger_seal", "ledger_account"):
            rows = {str(row) for row in session.execute(text(f"SELECT * FROM {table}"))}  # noqa: S608
            assert self.visible.get(table, set()) <= rows
            self.visible[table] = rows
        session.rollback()


Books.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestBooks = Books.TestCase
