"""What the books say afterwards, asked as the server's administrator and by the portal's own proofs."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.dues.queries import verify
from portal.database import db, in_scope, session
from tests.machines.installation import Channel, Installation
from tests.machines.payers import Tally, delivered, paid, waiting
from tests.machines.places import until
from tests.machines.servers import Postgres


@dataclass(frozen=True)
class Found:
    """How many payments there are, by whom they are known."""

    paid: int
    acknowledged: int
    there: int


def check(house: Installation, server: Postgres, channel: Channel, tally: Tally) -> Found:
    """Prove that every acknowledged payment is there once; then that every other one arrives, once too.

    First without help: what was acknowledged must be on disk before the channel sends anything again.
    """
    said = delivered(channel) | set(_numbers(server, tally.seen_paid))
    counted = facts(server)
    assert said <= set(counted), f"acknowledged and lost: {sorted(said - set(counted))}"
    everything = paid(channel)
    assert said <= everything

    def all_there() -> bool:
        channel.tell("clock", advance=60)  # the channel's next try, by its own schedule
        channel.tell("settle", seconds=10)
        return not waiting(channel)

    until(all_there, seconds=60, what="the channel's remaining notifications", every=0.5)
    counted = facts(server)
    assert counted == dict.fromkeys(everything, 1), "each payment has one fact"
    _booked_once(house, server, channel)
    return Found(len(everything), len(said), len(counted))


def _booked_once(house: Installation, server: Postgres, channel: Channel) -> None:
    """Prove that the money stands in the books, on the months and on the vouchers, each fen once."""
    taken = sum(row["total"] for row in channel.ask("orders")["orders"] if row["paid_at"])
    for what in (
        "SELECT sum(total_fen) FROM payment_fact",
        "SELECT sum(total_fen) FROM dues_voucher WHERE state = 'valid'",
        "SELECT sum(paid_fen) FROM dues_obligation",
    ):
        assert server.sql(what, database="portal") == [(taken,)], what
    ((facts, vouchers),) = server.sql(
        "SELECT count(*), count(DISTINCT v.id) FROM payment_fact f JOIN dues_voucher v "
        "ON v.source_key LIKE '%' || f.uid",
        database="portal",
    )
    assert facts == vouchers == len(paid(channel)), "one voucher of each payment"
    for words in (("ledger", "verify"), ("audit", "verify")):
        done = house.command(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    app = house.app()
    with app.app_context():
        for (district_id,) in server.sql("SELECT DISTINCT district_id FROM payment_fact", database="portal"):
            with in_scope([district_id], write=district_id):
                assert verify.differences(district_id) == []
                session.remove()
        db.engine.dispose()


def facts(server: Postgres) -> dict[str, int]:
    """Return how many facts there are of each order number."""
    found = server.sql(
        "SELECT a.out_trade_no, count(*) FROM payment_fact f JOIN payment_attempt a ON a.id = f.attempt_id "
        "GROUP BY 1",
        database="portal",
    )
    return {number: int(count) for number, count in found}


def _numbers(server: Postgres, uids: list[str]) -> list[str]:
    found = server.sql(
        "SELECT out_trade_no FROM payment_attempt WHERE uid = ANY(%(uids)s)",
        {"uids": uids},
        database="portal",
    )
    assert len(found) == len(set(uids)), "an attempt whose page said 已交费 is gone"
    return [number for (number,) in found]
