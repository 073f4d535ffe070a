"""Two web machines, two workers, a primary and its replica, the payment channel, and the door in front."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.testing.server import APPLICATION, OWNER
from tests.machines.books import Found, check
from tests.machines.door import Door
from tests.machines.installation import Channel, Installation, Web, people
from tests.machines.payers import Crowd
from tests.machines.places import Lan, Place, free_port, lan, until
from tests.machines.servers import SYNCHRONOUS, Postgres, url

#: A lease that a test can wait for; in use it is a minute (portal/jobs/declare.py).
LEASE = 3


@dataclass
class Cluster:
    """Everything that runs."""

    lan: Lan
    house: Installation
    channel: Channel
    door: Door
    primary: Postgres
    replica: Postgres
    webs: list[Web]
    workers: list[Place]
    code: str
    cookies: list[str]

    def crowd(self, count: int) -> Crowd:
        """Return people who have not paid yet."""
        taken, self.cookies = self.cookies[:count], self.cookies[count:]
        assert len(taken) == count, "nobody is left who owes anything"
        return Crowd(self.door.url, self.code, taken)

    def check(self, crowd: Crowd, server: Postgres | None = None) -> Found:
        """Prove what ``tests.machines.books.check`` proves."""
        assert not crowd.tally.wrong, (crowd.tally.wrong, self.house.unexpected())
        assert not crowd.tally.unfinished, "somebody came to no end:\n" + "\n\n".join(crowd.tally.unfinished)
        return check(self.house, server or self.primary, self.channel, crowd.tally)

    @staticmethod
    def say(what: str, found: Found, crowd: Crowd) -> None:
        """Print the numbers (``pytest -s`` shows them)."""
        longest = max(crowd.tally.waits, default=0.0)
        counted = dict(sorted(crowd.tally.statuses.items()))
        print(f"\n{what}: {found}; longest wait of a person {longest:.1f} s; answers {counted}")


@contextmanager
def cluster(folder: Path, *, count: int) -> Iterator[Cluster]:
    """Start all of it for ``count`` people who owe three months."""
    with lan() as wire:
        places = [wire.place(name) for name in ("pga", "pgb", "weba", "webb", "joba", "jobb")]
        door = Door(wire.address, free_port())
        servers = [Postgres(places[0]), Postgres(places[1])]
        channel = None
        try:
            primary, replica = servers
            primary.create()
            replica.follow(primary)
            # Only now: a commit that waits for a replica nobody has made yet would wait for ever.
            for name, value in SYNCHRONOUS.items():
                primary.configure(name, value)
            until(
                lambda: primary.sql("SELECT sync_state FROM pg_stat_replication") == [("sync",)],
                seconds=20,
                what="the replica",
            )
            house = Installation(
                folder,
                public_url=door.url,
                database_url=url(APPLICATION, primary, replica),
                database_owner_url=url(OWNER, primary, replica),
                jobs_lease=str(LEASE),
            )
            channel = Channel(
                folder / "paysim",
                address=wire.address,
                port=free_port(),
                control=free_port(),
                portal=door.url,
            )
            code, cookies = people(house, channel, count=count)
            webs = [house.web(place) for place in places[2:4]]
            for place in places[4:6]:
                house.worker(place)
            for web in webs:
                web.wait()
            door.machines = webs
            yield Cluster(wire, house, channel, door, primary, replica, webs, places[4:6], code, cookies)
        finally:
            door.stop()
            if channel is not None:
                channel.place.kill()
            for place in places:
                place.kill()
            for server in servers:
                server.remove()
