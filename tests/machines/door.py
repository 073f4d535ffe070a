"""The address people type: hands each connection to a web machine that answers, as a proxy in front does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from tests.machines.installation import Web

#: As deploy/nginx.conf: seconds to connect, and how long a machine that failed is left out.
CONNECT, LEFT_OUT = 1.0, 2.0


class Door:
    """A TCP proxy in a thread; connections go round robin to the machines that take them."""

    def __init__(self, address: str, port: int) -> None:
        self.url = f"http://{address}:{port}"
        self.machines: Sequence[Web] = ()
        self._dead: dict[str, float] = {}
        self._turn = 0
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._visit, address, port))
        self._thread = threading.Thread(target=self._loop.run_forever, name="door", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the door and what passes through it."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=20)
        self._loop.close()

    async def _close(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        visits = [task for task in asyncio.all_tasks() if task is not mine]
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._open()
        if found is None:
            writer.close()
            return
        inner_reader, inner_writer = found
        ways = [
            asyncio.ensure_future(self._carry(reader, inner_writer)),
            asyncio.ensure_future(self._carry(inner_reader, writer)),
        ]
        try:
            with suppress(asyncio.CancelledError):  # the door closes: nobody waits for the end of a visit
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            writer.close()
            inner_writer.close()

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        machines = list(self.machines)
        self._turn += 1
        for number in range(len(machines)):
            machine = machines[(self._turn + number) % len(machines)]
            if self._dead.get(machine.url, 0) > time.monotonic():
                continue
            try:
                opening = asyncio.open_connection(machine.place.address, machine.port)
                return await asyncio.wait_for(opening, CONNECT)
            except (OSError, TimeoutError):
                self._dead[machine.url] = time.monotonic() + LEFT_OUT
        return None

    @staticmethod
    async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
