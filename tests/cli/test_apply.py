"""``portal apply`` and ``portal export-config``: the same tree on every machine, all of it or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from portal.admin import carrying, configuring, declared, exporting, plan
from portal.audit.models import AuditRow
from portal.cli import group
from portal.current import registry
from portal.database import Conflict, everything, session, transaction
from portal.districts import service
from portal.districts import settings as values
from portal.districts.models import District, PluginSwitch, SettingValue
from portal.districts.setting_values import BadValue
from portal.districts.switch import STATES, said
from portal.plugin import Hidden
from portal.testing import World

SECRET = "tencent_sms.secret_key"

GOOD = """
[district."990100"]
name = "试验县"
kind = "county"
[district."990100".plugins]
dues = "locked-on"
wechatpay = "off"

[district."990100-kfq"]
name = "试验开发区"
kind = "park"
parent = "990100"
[district."990100-kfq".plugins]
offline_payment = "on"
[district."990100-kfq".settings]
"dues.cash_days" = 5
"core.keep_national_id" = true
"core.help_phone" = "0000-8800000"
"tencent_sms.secret_key" = "env:SMS_KEY"
"""


def run(*words: str, env: dict[str, str] | None = None, typed: str | None = None) -> Result:
    session.remove()
    done = CliRunner().invoke(group.portal, words, env={"SMS_KEY": None, **(env or {})}, input=typed)
    session.remove()
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def applied(text: str, *words: str, **env: str) -> Result:
    return run("apply", "-", *words, env=env, typed=text)


def switches() -> dict[tuple[str, str], tuple[bool, bool]]:
    with everything():
        found = select(District.code, PluginSwitch.plugin, PluginSwitch.on, PluginSwitch.locked).join(
            District, District.id == PluginSwitch.district_id
        )
        rows = {(code, slug): (on, locked) for code, slug, on, locked in session.execute(found)}
    session.rollback()
    return rows


def own_values() -> dict[tuple[str, str], Any]:
    with everything():
        codes = {row.id: row.code for row in session.scalars(select(District))}
        known = values.declared()
        rows = {
            (codes[row.district_id], row.key): values.opened(known[row.key], row.district_id, row.value)
            for row in session.scalars(select(SettingValue))
        }
    session.rollback()
    return rows


def test_a_dry_run_prints_the_difference_and_changes_nothing(world: World):
    done = applied(GOOD, "--dry-run", SMS_KEY="s3cret")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "990100: new district 试验县 (county)",
        "990100 dues: inherit -> locked-on",
        "990100 wechatpay: inherit -> off",
        "990100-kfq: new district 试验开发区 (park) below 990100",
        "990100-kfq offline_payment: inherit -> on",
        "990100-kfq dues.cash_days: inherit -> 5",
        "990100-kfq core.keep_national_id: inherit -> true",
        "990100-kfq core.help_phone: inherit -> 0000-8800000",
        "990100-kfq tencent_sms.secret_key: a secret is set",
        "9 to change; this was a dry run",
    ]
    assert session.scalars(select(District)).all() == []


def test_applying_makes_the_tree_and_applying_again_changes_nothing(world: World):
    assert applied(GOOD, SMS_KEY="s3cret").stdout.endswith("9 changed\n")
    assert switches() == {
        ("990100", "dues"): (True, True),
        ("990100", "wechatpay"): (False, False),
        ("990100-kfq", "offline_payment"): (True, False),
    }
    assert own_values() == {
        ("990100-kfq", "dues.cash_days"): 5,
        ("990100-kfq", "core.keep_national_id"): True,
        ("990100-kfq", "core.help_phone"): "0000-8800000",
        ("990100-kfq", SECRET): "s3cret",
    }
    with everything():
        trail = [(row.action, row.detail) for row in session.scalars(select(AuditRow).order_by(AuditRow.id))]
    assert [action for action, _detail in trail] == ["district.add"] * 2 + ["plugin.switch"] * 3 + [
        "setting.change"
    ] * 4
    assert trail[-1][1] == {"key": SECRET, "before": None, "after": "***"}
    assert "s3cret" not in str(trail)
    again = applied(GOOD, SMS_KEY="s3cret")
    assert (again.exit_code, again.stdout) == (0, "nothing to change\n")
    # Without the variable the secret stays, and that is said.
    again = applied(GOOD)
    assert again.exit_code == 0 and "SMS_KEY is not set, the secret stays as it is" in again.stdout
    assert own_values()["990100-kfq", SECRET] == "s3cret"
    # Another secret is another value; it is printed nowhere.
    other = applied(GOOD, SMS_KEY="0ther")
    assert other.stdout == "990100-kfq tencent_sms.secret_key: a secret is set\n1 changed\n"
    assert own_values()["990100-kfq", SECRET] == "0ther"


FAULTY = """
[sites]
[district."990100"]
nome = "试验县"
kind = "shire"
[district."990100".plugins]
deus = "on"
dues = "maybe"
wechatpay = true
[district."990100".settings]
"dues.cash_days" = "five"
"dues.rounding" = "none"
"dues.cash_limit_fen" = -1
"dues.cash_day" = 5
"tencent_sms.secret_id" = "AKID"
"tencent_sms.secret_key" = "env:SMS_KEY"
[district."990100-kfq"]
name = "园"
kind = "park"
parent = "990999"
[district.Nowhere]
name = "没有"
kind = "park"
[district."990200"]
name = "甲县"
kind = "county"
parent = "990201"
[district."990201"]
name = "乙县"
kind = "county"
parent = "990200"
"""


def test_every_fault_is_listed_with_its_line_and_nothing_is_changed(world: World):
    world.district("990100", name="试验县", plugins=())
    done = applied(FAULTY + GOOD.replace("990100", "990300"), "--yes")
    assert done.exit_code == 1
    [*faults, last] = done.stderr.splitlines()
    assert last == "Error: 18 to mend, nothing was changed"
    assert [line.split(": ")[0] for line in faults] == sorted(
        (line.split(": ")[0] for line in faults), key=lambda text: int(text.split()[1])
    )
    told = {int(line.split(":")[0].split()[1]): line.split(": ", 2)[2] for line in faults}
    assert told[2].startswith("only [district")
    assert told[4] == "one of name, kind, parent, plugins, settings"
    assert told[5].startswith("'shire' is none of nation")
    assert told[7].startswith("no such plugin; there are: bookings, dues, ")
    assert told[8] == "'maybe' is none of inherit, on, off, locked-on, locked-off"
    assert told[9].startswith("True is none of inherit")
    assert told[11] == "'five' is of another kind: int is wanted"
    assert told[12] == "'none' is none of fen, jiao, yuan_up"
    assert told[13] == "-1 must be between 0 and 2147483647"
    assert told[14] == "nobody declares such a setting"
    assert told[15] == "the value is a secret and does not stand in a file: write env:NAME"
    assert told[16] == "the value is not there: the environment has no SMS_KEY"
    assert told[18] == "a name has 2 to 80 characters" and told[20] == "there is no district '990999'"
    assert told[21].startswith("no code: digits") and told[27] == told[31] == "is below itself"
    assert "AKID" not in done.output
    assert session.scalars(select(District.code)).all() == ["990100"]
    assert switches() == own_values() == {}


@pytest.mark.parametrize("text", ["[district", 'district = "x"', "[district]\nx = 1", "\x00", "[[district]]"])
def test_odd_files_are_refused_in_words(world: World, text: str):
    done = applied(text)
    assert done.exit_code == 1 and "nothing was changed" in done.stderr


def test_a_file_that_is_no_text_is_refused_in_words(world: World, tmp_path: Path):
    path = tmp_path / "deploy.toml"
    path.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in run("apply", str(path)).stderr


def test_what_would_be_hidden_is_printed_and_asks_for_a_yes(world: World, monkeypatch):
    top = world.district("990100", plugins=("dues",))
    park = service.create(code="990100-kfq", name="园区", kind="park", parent=top)
    service.switch(park, "dues", on=True)
    monkeypatch.setattr(
        registry().__class__,
        "implementers",
        lambda self, hook: [("dues", lambda district: [Hidden(text=f"{district.code}的12个预约", count=12)])],
    )
    text = '[district."990100".plugins]\ndues = "off"\n'
    done = applied(text)
    assert done.exit_code == 1
    assert done.stderr == (
        "warning: 990100 dues: goes off, hidden until it is on again: 990100的12个预约\n"
        "Error: nothing was changed; say --yes if that is meant\n"
    )
    assert switches()["990100", "dues"] == (True, False)
    locked = applied(text.replace("off", "locked-off"), "--yes")
    assert locked.exit_code == 0 and locked.stderr.count("goes off") == 2
    assert switches()["990100", "dues"] == (False, True)
    # Whoever runs the installation may write below a lock; that it has no effect is said.
    done = applied('[district."990100-kfq".plugins]\ndues = "off"\n')
    assert "note: 990100-kfq dues: no effect while 990100 locks it" in done.stdout
    assert switches()["990100-kfq", "dues"] == (False, False)


def test_names_kinds_and_values_are_changed_and_given_back(world: World):
    applied(GOOD, SMS_KEY="s3cret")
    text = """
    [district."990100-kfq"]
    name = "试验高新区"
    kind = "area"
    [district."990100-kfq".settings]
    "dues.cash_days" = { inherit = true }
    "tencent_sms.secret_key" = { inherit = true }
    [district."990100-kfq".plugins]
    offline_payment = "inherit"
    """
    done = applied(text)
    assert done.stdout.splitlines()[:4] == [
        "990100-kfq name: 试验开发区 -> 试验高新区",
        "990100-kfq kind: park -> area",
        "990100-kfq offline_payment: on -> inherit",
        "990100-kfq dues.cash_days: 5 -> inherit",
    ]
    assert ("990100-kfq", SECRET) not in own_values()
    moved = applied('[district."990100"]\nparent = "990100-kfq"\n')
    assert moved.exit_code == 1 and "is not moved by a file" in moved.stderr


def test_a_change_meanwhile_and_a_failure_half_way_leave_nothing_done(world: World, monkeypatch):
    applied(GOOD, SMS_KEY="s3cret")
    text = (
        '[district."990100".plugins]\nwechatpay = "on"\n[district."990100".settings]\n"dues.cash_days" = 9\n'
    )
    file = declared.read(text)
    with everything():
        made = plan.make(file, {})
        session.rollback()
    service.switch(session.scalars(select(District).filter_by(code="990100")).one(), "wechatpay", on=True)
    with pytest.raises(Conflict):
        carrying.carry_out(file, made, environment={}, by=None)
    assert ("990100", "dues.cash_days") not in own_values()

    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(configuring, "change", fail)
    before = switches()
    file = declared.read(text.replace('"on"', '"locked-off"'))
    with everything():
        made = plan.make(file, {})
        session.rollback()
    with pytest.raises(RuntimeError):
        carrying.carry_out(file, made, environment={}, by=None)
    assert switches() == before


def test_an_unknown_actor_is_a_usage_error(world: World):
    done = applied(GOOD, "--by", "nobody", SMS_KEY="x")
    assert done.exit_code == 2 and session.scalars(select(District)).all() == []


def test_switches_of_a_plugin_that_is_gone_are_exported_and_applied(world: World):
    place = world.district("990100", plugins=())
    service.switch(place, "gone", on=True)
    with everything(), transaction():
        session.add(SettingValue(district_id=place.id, key="gone.x", value=1, changed_at=datetime.now(UTC)))
    text = run("export-config").stdout
    assert 'gone = "on"' in text and '# "gone.x": not declared' in text
    assert applied(text).stdout == "nothing to change\n"


TREES = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.dictionaries(st.sampled_from(["dues", "wechatpay", "offline_payment"]), st.sampled_from(STATES)),
        st.fixed_dictionaries(
            {},
            optional={
                "dues.cash_days": st.integers(0, 2**31 - 1),
                "core.keep_national_id": st.booleans(),
                "dues.rounding": st.sampled_from(["fen", "jiao", "yuan_up"]),
                "core.leading_body": st.text(max_size=30),
                SECRET: st.text("abcXYZ\"\\'=# é密", min_size=1, max_size=20),
            },
        ),
    ),
    min_size=1,
    max_size=6,
)
_number = iter(range(1000, 9000))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES)
def test_what_is_exported_applies_as_no_difference_and_makes_the_same_again(world: World, tree: Any):
    made: list[District] = []
    for above, states, own in tree:
        parent = made[above % len(made)] if made and above else None
        place = service.create(code=f"99{next(_number)}", name='试验"县\\', kind="county", parent=parent)
        made.append(place)
        for slug, state in states.items():
            on, locked = said(state)
            service.force(place.id, slug, on=on, locked=locked, by=None)
        for key, value in own.items():
            try:
                values.put(place.id, key, value, by=None)
            except BadValue:
                continue
    session.remove()
    with everything():
        text = exporting.text()
        assert plan.make(declared.read(text), {}).changes == ()
    session.remove()
    assert declared.read(text).faults == ()
    before = switches(), own_values()
    secrets = {
        f"PORTAL_SECRET_{code}_{key}".upper().replace(".", "_"): value
        for (code, key), value in before[1].items()
        if key == SECRET
    }
    assert all(value not in text for value in secrets.values() if len(value) > 6)
    with everything(), transaction():
        session.execute(delete(PluginSwitch))
        session.execute(delete(SettingValue))
    session.remove()
    file = declared.read(text)
    with everything():
        again = plan.make(file, secrets)
        session.rollback()
    assert again.faults == ()
    carrying.carry_out(file, again, environment=secrets, by=None)
    assert (switches(), own_values()) == before
