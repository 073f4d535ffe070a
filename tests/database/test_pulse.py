"""A server that takes words and never answers is given up; one that is slow is let alone."""

import socket
import threading
import time
from contextlib import suppress

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from portal.database import db, postgresql, pulse, trouble

pytestmark = pytest.mark.postgresql  # SQLite is no server


class Relay:
    """Carries what is said to the real server and back, until it is told to be silent."""

    def __init__(self, host, port):
        self.server, self.silent = (host, port), threading.Event()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.lines = []
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self):
        for one in (self.door, *self.lines):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _serve(self):
        with suppress(OSError):
            while True:
                here = self.door.accept()[0]
                there = socket.create_connection(self.server)
                self.lines += [here, there]
                for ways in ((here, there), (there, here)):
                    threading.Thread(target=self._carry, args=ways, daemon=True).start()

    def _carry(self, out, into):
        with suppress(OSError):
            while said := out.recv(65536):
                if not self.silent.is_set():
                    into.sendall(said)


@pytest.fixture
def relay(app, monkeypatch):
    monkeypatch.setattr(pulse, "WAITS", 0.3)
    monkeypatch.setattr(pulse, "ANSWERS", 1.0)
    url = db.engine.url
    made = Relay(url.host, url.port)
    yield made
    made.stop()


@pytest.fixture
def engine(relay):
    url = db.engine.url.set(host="127.0.0.1", port=relay.port)
    made = create_engine(url, connect_args=postgresql.CONNECT, pool_pre_ping=True)
    postgresql.prepare(made)
    yield made
    made.dispose()


def test_whoever_waits_for_a_silent_server_hears_that_it_is_away(engine, relay):
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        relay.silent.set()
        began = time.monotonic()
        with pytest.raises(OperationalError) as said:
            connection.execute(text("SELECT 1"))
        assert time.monotonic() - began < 10
        assert trouble(said.value) == "away"
    relay.silent.clear()
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1, "and by itself all is as before"


def test_a_connection_of_the_pool_is_not_waited_for_either(engine, relay):
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    relay.silent.set()
    began = time.monotonic()
    with pytest.raises(OperationalError):
        engine.connect()
    assert time.monotonic() - began < 15
    assert not pulse.pulse._waiting, "nobody is looked after for ever"


def test_a_slow_server_is_let_alone(engine):
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1 FROM pg_sleep(2.5)")).scalar() == 1


def test_one_thread_looks_after_all(engine):
    with engine.connect() as one, engine.connect() as other:
        one.execute(text("SELECT 1"))
        other.execute(text("SELECT 1"))
    assert [thread.name for thread in threading.enumerate()].count("pulse") == 1
