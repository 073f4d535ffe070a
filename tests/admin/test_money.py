"""Merchant accounts are entered by one person and switched on by another; cases are closed with a reason."""

import re

import pytest
from sqlalchemy import text

from paysim.testing import credentials, paysim, paysim_process  # noqa: F401
from portal.database import everything, session, transaction
from portal.districts import settings
from portal.payments import accounts
from portal.payments.cases import open_case, resolve
from portal.plugin import DistrictRef


@pytest.fixture
def desk(world, paysim):  # noqa: F811
    """A district with two people of the treasury, and the keys of a merchant."""
    from types import SimpleNamespace

    here = world.district(plugins=("wechatpay", "dues"))
    facts = credentials(paysim, "desk-a", "测试区委组织部党费专户")
    form = {
        "slug": "test-dues",
        "purpose": "dues",
        "payee_name": facts["payee_name"],
        "mchid": facts["mchid"],
        "sub_mchid": "",
        "appid": facts["appid"],
    }
    form |= {f"f_{name}": value for name, value in {**facts["settings"], **facts["secrets"]}.items()}
    return SimpleNamespace(
        here=here,
        url=f"/d/{here.code}/admin/payments",
        first=world.browser(world.account(role="treasurer", district=here)),
        second=world.browser(world.account(role="district_admin", district=here)),
        form=form,
    )


def enter(desk, **changes):
    return desk.first.post(f"{desk.url}/new/wechatpay", data=desk.form | {"_once": "once-key-1"} | changes)


def only():
    session.rollback()
    session.expire_all()
    with everything():
        found = accounts.of_district(session.scalar(text("SELECT district_id FROM merchant_account")))
    session.rollback()
    return found[0]


def test_one_enters_and_another_switches_on(desk):
    assert enter(desk).status_code == 303
    account = only()
    assert not account.active and desk.form["f_apiv3_key"].encode() not in account.secrets_sealed
    form = {"version": account.version, "to": "on", "_once": "once-key-2"}
    assert desk.first.post(f"{desk.url}/account/{account.uid}/switch", data=form).status_code == 403
    assert desk.second.post(f"{desk.url}/account/{account.uid}/switch", data=form).status_code == 303
    assert only().active


def test_change_switches_off_until_another_looks(desk):
    enter(desk)
    account = only()
    form = {"version": account.version, "to": "on", "_once": "once-key-2"}
    desk.second.post(f"{desk.url}/account/{account.uid}/switch", data=form)
    changed = {name: value for name, value in desk.form.items() if "key" not in name} | {
        "payee_name": "另一个收款方",
        "f_public_key_id": desk.form["f_public_key_id"],
        "version": only().version,
        "_once": "once-key-3",
    }
    assert desk.second.post(f"{desk.url}/account/{account.uid}", data=changed).status_code == 303
    after = only()
    assert (after.payee_name, after.active) == ("另一个收款方", False)
    with everything():
        assert accounts.info(after).secrets["apiv3_key"] == desk.form["f_apiv3_key"]  # left empty: kept


def test_secrets_are_never_shown_again(desk):
    enter(desk)
    html = desk.second.get(f"{desk.url}/account/{only().uid}").get_data(as_text=True)
    assert "未打开" in html and desk.form["f_merchant_serial"] in html
    assert desk.form["f_apiv3_key"] not in html and "PRIVATE KEY" not in html


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Ä!"),
        ("slug", ""),
        ("purpose", "donations"),
        ("payee_name", " "),
        ("mchid", ""),
        ("f_private_key", ""),
        ("f_private_key", "-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----"),
        ("f_apiv3_key", "short"),
    ],
)
def test_wrong_entries_come_back_with_their_reason(desk, field, value):
    reply = enter(desk, **{field: value})
    html = reply.get_data(as_text=True)
    assert reply.status_code == 422 and "error-summary" in html
    assert desk.form["f_apiv3_key"] not in html
    assert session.scalar(text("SELECT count(*) FROM merchant_account")) == 0


def test_name_of_another_district_is_taken(desk, world):
    other = world.district()
    with everything():
        accounts.create_account(
            district_id=other.id, provider="wechatpay", slug="test-dues", purpose="dues", payee_name="别处的"
        )
    assert enter(desk).status_code == 422


def test_case_is_closed_with_a_reason_at_its_version(desk):
    enter(desk)
    account = only()
    with everything(), transaction():
        case, _ = open_case(account=account, kind="wrong_amount", dedupe_key="x", amount_fen=5999)
    uid, version = case.uid, case.version
    session.rollback()
    index = desk.first.get(desk.url).get_data(as_text=True)
    assert "到账的数和应付的不一样" in index and "59.99" in index
    url = f"{desk.url}/case/{uid}"
    form = {"reason": "已联系本人，退回多付部分", "version": version, "_once": "once-key-4"}
    assert desk.first.post(url, data=form | {"reason": " "}).status_code == 422
    assert desk.first.post(url, data={k: v for k, v in form.items() if k != "version"}).status_code == 400
    assert desk.first.post(url, data=form | {"version": version + 1}).status_code == 409
    assert desk.first.post(url, data=form).status_code == 303
    assert "已办结" in desk.first.get(url).get_data(as_text=True)
    assert "没有。" in desk.first.get(desk.url).get_data(as_text=True)


def test_case_without_words_is_refused_by_the_database_too(desk):
    enter(desk)
    with everything(), transaction():
        case, _ = open_case(account=only(), kind="surplus", dedupe_key="y", amount_fen=1)
    with everything(), pytest.raises(ValueError, match="reason"):
        resolve(case, version=case.version, resolution=" ", actor=1)
    with everything(), pytest.raises(Exception, match="reason"), transaction() as current:
        current.execute(text("UPDATE payment_case SET state = 'resolved'"))


def test_others_find_nothing(desk, world):
    enter(desk)
    uid = only().uid
    elsewhere = world.district(plugins=("wechatpay", "dues"))
    stranger = world.browser(world.account(role="treasurer", district=elsewhere))
    secretary = world.browser(world.account(role="desk", district=desk.here))
    for browser in (stranger, secretary):
        for path in ("", "/new/wechatpay", f"/account/{uid}"):
            assert browser.get(desk.url + path).status_code == 404
    assert stranger.get(f"/d/{elsewhere.code}/admin/payments/account/{uid}").status_code == 404


def test_nobody_types_where_the_portal_calls(desk, app):
    """ASVS 1.3.6: no form takes a host, declared or smuggled."""
    inside = "http://127.0.0.1:1"
    names = ("base_url", "second_base_url", "oauth_api_url", "oauth_authorize_url")
    smuggled = {f"{start}{name}": inside for name in names for start in ("", "f_")}
    assert enter(desk, **smuggled).status_code == 303
    account = only()
    with everything():
        known = accounts.info(account)
    assert known.base_url == "" and inside not in str(known.settings)
    here = world_ref(desk.here)
    fields = [
        one.name
        for _slug, call in app.extensions["portal.registry"].implementers("payment_providers")
        for spec in call(district=here) or ()
        for one in spec.fields
    ]
    keys = [key.split(".")[-1] for key in settings.declared()]
    assert len(fields) > 5 and len(keys) > 5
    hosts = re.compile(r"(?:^|_)(?:url|uri|host|endpoint|webhook|server|proxy)(?:_|$)")
    # Browsers ask for the pictures of a map, the portal never does.
    own = [name for name in (*fields, *keys) if hosts.search(name) and name != "map_tiles_url"]
    assert own == []


def world_ref(district):
    return DistrictRef(
        id=district.id, code=district.code, name=district.name, kind=district.kind, path=district.path
    )
