"""The primary's machine is gone in the middle of payments, and its replica takes over."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.machines.cluster import cluster
from tests.machines.places import until

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]


def test_the_replica_takes_over_and_no_acknowledged_payment_is_lost(tmp_path: Path):
    with cluster(tmp_path, count=12) as running:
        saved = running.house.command("backup")
        assert saved.returncode == 0, saved.stderr
        crowd = running.crowd(12)
        crowd.begin(apart=0.1)
        until(lambda: len(crowd.tally.seen_paid) >= 6, seconds=60, what="the first payments")
        # Two orders are at the channel, and its answer finds the database gone: they must come to an end too.
        running.channel.tell("faults", on="create", mode="hang", times=2, seconds=4)
        asking = "SELECT count(*) FROM payment_attempt WHERE state = 'creating'"
        until(
            lambda: running.primary.sql(asking, database="portal")[0][0] >= 2,
            seconds=30,
            what="two wait for the channel's answer",
            every=0.02,
        )
        before = len(crowd.tally.seen_paid)
        running.primary.place.lose()
        assert len(crowd.tally.seen_paid) < 36, "people are paying when it goes"
        until(
            lambda: not any(web.ready() for web in running.webs), seconds=20, what="not ready, said or silent"
        )
        running.replica.promote()
        promoted = time.monotonic()
        for web in running.webs:
            web.wait(seconds=15)
        healed = time.monotonic() - promoted
        crowd.join(seconds=120)
        found = running.check(crowd, running.replica)
        running.say(f"primary lost, replica promoted, ready again after {healed:.1f} s", found, crowd)
        assert 0 < before < found.paid == 36
        assert healed < 10
