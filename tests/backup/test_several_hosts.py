"""Backups find the server that takes writes among several, as the pages do; no password on a command line."""

from __future__ import annotations

from sqlalchemy import make_url

from portal.backup.postgresql import libpq


def test_a_url_with_several_hosts_is_libpqs():
    url = make_url(
        "postgresql+psycopg://portal_owner:secret@/portal?host=a:5432&host=b:6432&target_session_attrs=read-write"
    )
    assert libpq(url) == {
        "user": "portal_owner",
        "password": "secret",
        "dbname": "portal",
        "host": "a,b",
        "port": "5432,6432",
        "target_session_attrs": "read-write",
    }


def test_a_url_with_one_host_is_too():
    found = libpq(make_url("postgresql+psycopg://portal_owner@db.example.cn:5433/portal"))
    assert found == {"user": "portal_owner", "dbname": "portal", "host": "db.example.cn", "port": 5433}
