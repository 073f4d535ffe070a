"""A web machine, a worker and a PostgreSQL with a small disk: for the tests of faults, clock and soak."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
import requests

from portal.testing.server import APPLICATION, OWNER
from tests.machines.deaf import Deaf
from tests.machines.disk import Disk, disk
from tests.machines.installation import Channel, Installation, Web, people
from tests.machines.payers import PHONE
from tests.machines.places import Lan, free_port, lan
from tests.machines.servers import Postgres, url


class Single:
    """One web machine, one worker, one PostgreSQL whose data have a small disk of their own, one channel."""

    def __init__(
        self,
        wire: Lan,
        house: Installation,
        database: Postgres,
        room: Disk,
        channel: Channel,
        web: Web,
        code: str,
        cookies: list[str],
        deaf: Deaf | None = None,
    ) -> None:
        self.lan, self.house, self.database, self.room = wire, house, database, room
        self.channel, self.web = channel, web
        self.code, self.cookies = code, cookies
        self._deaf = deaf

    @property
    def deaf(self) -> Deaf:
        """Return who takes the worker's calls to the outer world, and never says a word."""
        assert self._deaf is not None
        return self._deaf

    def ask(
        self, path: str, *, who: int = 0, seconds: float = 30, web: Web | None = None, **form: str
    ) -> requests.Response:
        """Open a page of this district, or send a form to it."""
        return requests.request(
            "POST" if form else "GET",
            f"{(web or self.web).url}/d/{self.code}/{path}",
            data=form or None,
            headers={"Cookie": f"portal={self.cookies[who]}", "User-Agent": PHONE},
            timeout=seconds,
            allow_redirects=False,
        )

    def status(self, path: str, who: int = 0) -> int:
        """Return the status of a page, 0 when there was no answer."""
        try:
            return self.ask(path, who=who, seconds=60).status_code
        except requests.RequestException:
            return 0

    def readyz(self) -> str:
        """Return what ``/readyz`` says."""
        try:
            return requests.get(f"{self.web.url}/readyz", timeout=30).text.strip()
        except requests.RequestException:
            return "no answer"

    def form(self, *, who: int = 0) -> dict[str, str]:
        """Return the fields of a question to the desk, as its page hands them out."""
        page = self.ask("me/privacy", who=who).text
        fields = hidden(page)
        return {**{name: fields[name] for name in ("csrf_token", "_once")}, "text": "出生日期写错了"}

    def questions(self) -> int:
        """Return how many questions there are."""
        ((found,),) = self.database.sql("SELECT count(*) FROM request", database="portal")
        return int(found)


def hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: unescape(value) for name, value in found}


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Single]:
    folder = tmp_path_factory.mktemp("faults")
    with lan() as wire, disk(folder / "disk", megabytes=400) as room:
        database = Postgres(wire.place("pg"), data=room.folder / "data")
        room.folder.chmod(0o777)
        for one in (folder, *folder.parents):  # another user's server looks for its data there
            if one.is_relative_to("/tmp") or one.is_relative_to("/dev/shm"):
                one.chmod(one.stat().st_mode | 0o111)
        channel, deaf = None, Deaf(wire.address)
        try:
            database.create()
            place = wire.place("web")
            port = place.port(8000)
            public = f"http://{place.address}:{port}"
            house = Installation(
                folder,
                public_url=public,
                database_url=url(APPLICATION, database),
                database_owner_url=url(OWNER, database),
                jobs_lease="3",
            )
            channel = Channel(
                folder / "paysim", address=wire.address, port=free_port(), control=free_port(), portal=public
            )
            code, cookies = people(house, channel, count=24)
            web = house.web(place)
            house.worker(wire.place("job"), HTTPS_PROXY=deaf.url)
            web.wait()
            yield Single(wire, house, database, room, channel, web, code, cookies, deaf)
        finally:
            deaf.stop()
            if channel is not None:
                channel.place.kill()
            for one in wire.places:
                one.kill()
            database.remove()
