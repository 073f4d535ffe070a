"""Nobody logs in by an identity of another provider; one that comes is keyed by both (ASVS 6.8.1)."""

from __future__ import annotations

import ast
import re

from flask import Flask
from sqlalchemy import Column, Integer, MetaData, String, Table, UniqueConstraint

from portal.config import ROOT
from portal.database import Model

#: How providers call whom they know, and themselves.
FOREIGN = re.compile(r"open_?id|union_?id|external_id|oauth|oidc|saml|wechat|weixin|wecom|dingtalk|feishu")
#: Columns that hold such a name, and how the provider is said beside it.
KNOWN = {
    "account.openid": "a map from provider to id, where messages go to; no log-in reads it",
    "payment_attempt.openid_sealed": "who pays, at the channel of the attempt's merchant account; no log-in",
}
LOGIN = ("/login", "/logout", "/claim")


def unkeyed(metadata: MetaData) -> list[str]:
    """Return the columns that name somebody at another provider without the provider in the key."""
    found = []
    for table in metadata.sorted_tables:
        together = [set(one.columns.keys()) for one in table.constraints if isinstance(one, UniqueConstraint)]
        for column in table.c:
            name = f"{table.name}.{column.name}"
            if FOREIGN.search(column.name) and name not in KNOWN:
                if not any({"provider", column.name} <= names for names in together):
                    found.append(name)
    return found


def test_no_identity_stands_without_its_provider(app: Flask):
    assert unkeyed(Model.metadata) == []
    there = {f"{table.name}.{column.name}" for table in Model.metadata.sorted_tables for column in table.c}
    assert set(KNOWN) <= there


def test_a_planted_one_is_found_and_a_keyed_one_is_right():
    metadata = MetaData()
    Table("account", metadata, Column("id", Integer, primary_key=True), Column("wechat_openid", String))
    Table(
        "identity",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("provider", String),
        Column("openid", String),
        UniqueConstraint("provider", "openid"),
    )
    assert unkeyed(metadata) == ["account.wechat_openid"]


def test_no_way_in_leads_over_another_provider(app: Flask):
    """Neither an address of the log-in nor a line of what opens sessions knows one."""
    ways = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(LOGIN)]
    assert len(ways) >= 5 and not [way for way in ways if FOREIGN.search(way)]
    named = {}
    for path in sorted((ROOT / "portal" / "identity").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = {one.attr for one in ast.walk(tree) if isinstance(one, ast.Attribute)}
        words |= {one.arg for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg}
        if any(FOREIGN.search(word) for word in words):
            named[path.name] = sorted(word for word in words if FOREIGN.search(word))
    assert set(named) == {"addresses.py", "claims.py", "forgetting.py"}, "an address only"
