"""A purpose kept in the database, so that crashes and several processes see one truth."""

from __future__ import annotations

from sqlalchemy import text

from portal.database import session, transaction
from portal.database.engine import as_owner
from portal.hookspecs import hookimpl
from portal.ledger import Account, Kind
from portal.payments.purpose import Allocation, Description, PaymentPurpose, PurposeRefused
from portal.plugin import Plugin, Service

OPEN = text("SELECT open_fen FROM test_fee WHERE member_id = :m AND reference = :r")
TAKE = text("UPDATE test_fee SET open_fen = open_fen - :fen WHERE member_id = :m AND reference = :r")


def create_tables() -> None:
    with as_owner() as current:
        current.execute(
            text(
                "CREATE TABLE test_fee (member_id INTEGER, reference TEXT,"
                " open_fen INTEGER CHECK (open_fen >= 0), PRIMARY KEY (member_id, reference))"
            )
        )
        current.execute(text("CREATE TABLE test_voucher (fact_uid TEXT PRIMARY KEY, calls INTEGER)"))


def owe(member_id: int, reference: str, fen: int) -> None:
    with transaction() as current:
        current.execute(
            text("INSERT INTO test_fee VALUES (:m, :r, :fen)"), {"m": member_id, "r": reference, "fen": fen}
        )


class StoredFees:
    slug = "fees"

    def describe(self, attempt):
        return Description(title="交测试费", channel_text="测试费", back_url="/back", done_url="/voucher")

    def check(self, *, member_id, lines):
        for line in lines:
            if (session.scalar(OPEN, {"m": member_id, "r": line.reference}) or 0) < line.amount_fen:
                raise PurposeRefused("这个月已经交过")

    def allocate(self, attempt, fact):
        found, left = [], fact.amount_fen
        for line in attempt.lines:
            at = {"m": attempt.member_id, "r": line.reference}
            part = min(session.scalar(OPEN, at) or 0, left, line.amount_fen)
            if part:
                session.execute(TAKE, at | {"fen": part})
                left -= part
                to = Account(code=f"4001:{line.reference}", kind=Kind.INCOME, period=line.reference)
                found.append(Allocation(reference=line.reference, amount_fen=part, to=to))
        if found:
            # Not unique by hand: a second call for one fact must show.
            session.execute(
                text(
                    "INSERT INTO test_voucher VALUES (:f, 1)"
                    " ON CONFLICT (fact_uid) DO UPDATE SET calls = test_voucher.calls + 1"
                ),
                {"f": fact.uid},
            )
        return found


class TestFees(Plugin):
    __test__ = False
    slug = "testfees"
    name = "测试费"
    description = "测试"

    @hookimpl
    def register_services(self):
        return [Service(protocol=PaymentPurpose, implementation=StoredFees(), key="fees")]
