"""What an attacker tries that no room's own tests try: each of these opened something once, or nearly."""

from __future__ import annotations

import base64
import json
import re
from datetime import date

import pytest

from portal import clock, crypto
from portal.config import ROOT
from portal.database import everything, session, transaction
from portal.identity.models import Grant
from portal.testing import World


def test_a_member_is_not_moved_where_no_member_belongs(world: World):
    """A smuggled target: a committee, or a branch that was dissolved."""
    here = world.district()
    desk = world.browser(world.account(role="desk", district=here))
    member = world.member(world.organization(here))
    committee = world.organization(here, kind="committee")
    gone = world.organization(here, dissolved_on=clock.today())
    for number, target in enumerate((committee, gone)):
        answer = desk.post(
            f"/d/{here.code}/desk/members/{member.id}/move",
            data={
                "version": "1",
                "_once": f"moving-{number:04d}",
                "reason": "换了单位",
                "organization": str(target.id),
                "day": clock.today().isoformat(),
            },
        )
        assert answer.status_code == 422 and "请选还在的党支部" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "党",
        "W1tbW1tb",
        *(
            base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=")
            for one in (["a", 10**30], [10**30, 1], ["a\0", 1], [1], [True, True], {"a": 1})
        ),
        base64.urlsafe_b64encode(b"[" * 30_000).decode(),
    ],
)
def test_a_forged_cursor_is_a_bad_request(world: World, cursor: str):
    here = world.district()
    desk = world.browser(world.account(role="desk", district=here))
    assert desk.get(f"/d/{here.code}/desk/members", query_string={"after": cursor}).status_code == 400


def test_an_id_that_no_column_holds_is_no_page(world: World):
    here = world.district()
    desk = world.browser(world.account(role="desk", district=here))
    for number in (2**31, 2**63, 10**40):
        assert desk.get(f"/d/{here.code}/desk/members/{number}").status_code == 404
    assert desk.get(f"/d/{here.code}/desk/members?branch={2**63}").status_code == 200
    member = world.member(world.organization(here))
    path = f"/d/{here.code}/desk/members/{member.id}/edit"
    assert desk.post(path, data={"version": str(2**63), "_once": "0123456789"}).status_code == 400


def test_a_nul_is_refused_before_the_database_sees_it(world: World):
    visitor = world.browser()
    assert visitor.get("/find?q=%00").status_code == 400
    assert visitor.get("/find?%00=x").status_code == 400
    assert visitor.get("/d/%00/").status_code == 400
    assert visitor.get("/v/%00").status_code == 400
    staff = world.browser(world.account())
    assert staff.post("/elder", data={"next": "/\0"}).status_code == 400


def test_what_a_stranger_may_hold_cannot_be_guessed():
    """A voucher's address: 130 bits, none of them the time."""
    names = {crypto.new_secret_name() for _ in range(200)}
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", name) for name in names)
    assert len({name[:8] for name in names}) > 190


@pytest.mark.parametrize(
    ("path", "data"), [("/elder", {"on": "1"}), ("/keys", {"on": "0"}), ("/language", {"language": "en"})]
)
def test_every_cookie_is_kept_from_scripts_and_other_sites(world: World, path: str, data: dict[str, str]):
    world.app.config["SESSION_COOKIE_SECURE"] = True
    answer = world.browser(world.account()).post(path, data=data, base_url="https://localhost")
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/")), cookie


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "javascript:x",
        "/%0d%0a",
    ],
)
def test_no_way_back_leads_to_another_host(world: World, target: str):
    browser = world.browser(world.account())
    for path in ("/elder", "/keys", "/language"):
        answer = browser.post(path, data={"next": target})
        assert answer.location.startswith("/") and "evil" not in answer.location
    shown = world.browser().get("/login", query_string={"next": target}, headers={"Host": "evil.example"})
    page = shown.get_data(as_text=True)
    assert re.search(r'name="next" value="/(?![/\\\\])', page)
    assert not re.search(r'(?:href|action|value)="(?:https?:)?[/\\\\]{2}', page)


def test_the_way_to_a_missing_slash_is_not_made_of_a_clients_host(world: World):
    district = world.district()
    answer = world.browser().get(f"/d/{district.code}?q=1", headers={"Host": "evil.example"})
    assert answer.status_code == 308 and answer.headers["Location"] == f"/d/{district.code}/?q=1"


def test_an_export_reaches_no_further_than_the_right_to_export(world: World):
    """Secretary here, collector there: both branches are read, one is handed out (K13)."""
    here = world.district()
    own, other = world.organization(here), world.organization(here)
    world.member(own, name="赵本支"), world.member(other, name="钱邻支")
    account = world.account(role="secretary", organization=own)
    with everything(), transaction():
        session.add(
            Grant(
                district_id=here.id,
                account_id=account.id,
                role="dues_collector",
                organization_id=other.id,
                valid_from=date(2020, 1, 1),
                granted_at=clock.now(),
            )
        )
    browser = world.browser(account)
    listed = browser.get(f"/d/{here.code}/desk/members").get_data(as_text=True)
    assert "赵本支" in listed and "钱邻支" in listed
    sheet = browser.post(f"/d/{here.code}/desk/members/export", data={"as": "csv"}).get_data(as_text=True)
    assert "赵本支" in sheet and "钱邻支" not in sheet


def test_no_address_is_made_of_a_clients_host():
    """``_external=True`` takes the Host header; absolute addresses begin with PUBLIC_URL."""
    folders = (ROOT / "portal", ROOT / "plugins", ROOT / "templates")
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".html"}]
    assert [path for path in files if "_external=True" in path.read_text(encoding="utf-8")] == []
    assert len(files) > 100


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/portal.toml",
        "/var/portal.db",
        "/static/",
        "/static/../portal/config.py",
        "/static/%2e%2e/portal.toml",
        "/console",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/server-status",
    ],
)
def test_nothing_stands_open_that_is_for_nobody(world: World, path: str):
    """ASVS 13.4: no repository, settings, folders, debugger, metrics or papers."""
    answer = world.browser(world.account(role="deployer", district=world.district())).get(path)
    assert answer.status_code == 404, path
    assert "Werkzeug" not in str(answer.headers) and "Traceback" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND"])
def test_odd_methods_send_nothing_back(world: World, method: str):
    browser = world.browser()
    for path in ("/", "/login", "/static/portal.css", "/hooks/wechatpay/x/pay"):
        answer = browser.open(path, method=method, headers={"X-Secret": "mirror"})
        assert answer.status_code in {400, 404, 405}, path
        assert "mirror" not in answer.get_data(as_text=True)
