"""A web machine and a worker are killed while people pay: nobody's payment is lost, none counts twice."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.machines.cluster import LEASE, Cluster, cluster
from tests.machines.places import until

pytestmark = [pytest.mark.hard, pytest.mark.machines, pytest.mark.xdist_group("machines")]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("machines"), count=20) as made:
        yield made


def test_a_web_machine_dies_while_people_pay(running: Cluster):
    crowd = running.crowd(8)
    crowd.begin(apart=0.1)
    until(lambda: len(crowd.tally.seen_paid) >= 4, seconds=60, what="the first payments")
    running.webs[0].place.lose()
    crowd.join(seconds=90)
    found = running.check(crowd)
    running.say("web machine lost", found, crowd)
    assert found.paid == 24
    assert max(crowd.tally.waits, default=0.0) < 10
    running.webs[0].place.plug()
    running.webs[0].start()
    running.webs[0].wait()


def test_a_worker_dies_and_the_other_one_takes_its_work(running: Cluster):
    """The channel tells nothing here: only the workers' own questions find out that money came in."""
    first, second = running.workers
    second.lose()
    running.channel.tell("plan", drop=True)
    running.channel.tell("faults", on="query", mode="hang", times=2, seconds=30)
    crowd = running.crowd(2)
    crowd.begin()

    def held() -> int:
        ((count,),) = running.primary.sql(
            "SELECT count(*) FROM job WHERE name = 'payments.query' AND state = 'running'", database="portal"
        )
        return int(count)

    until(lambda: held() == 2, seconds=30, what="both threads ask, and hang")
    first.lose()
    began = time.monotonic()
    second.plug()
    running.house.worker(second)
    crowd.join(seconds=60)
    taken = time.monotonic() - began

    def again() -> int:
        ((count,),) = running.primary.sql(
            "SELECT count(*) FROM job WHERE name = 'payments.query' AND state = 'done' AND attempts > 1",
            database="portal",
        )
        return int(count)

    # Whose money came in may have been found by a later question: what was held is run again all the same.
    until(lambda: again() >= 2, seconds=LEASE + 30, what="what the dead worker held was run again")
    assert len(crowd.tally.seen_paid) == 6
    running.channel.tell("plan")
    running.channel.tell("faults", rate=0)
    found = running.check(crowd)
    running.say(f"worker lost (lease {LEASE} s, all its work done {taken:.1f} s later)", found, crowd)
    first.plug()
    running.house.worker(first)
