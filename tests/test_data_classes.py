"""Every column about a person says how sensitive it is: 0 public to 4 most sensitive (domain.md §9.1)."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from portal.database import Model
from tests.guards.classes import unclassified


def test_every_column_about_a_person_has_a_data_class(app: Flask):
    assert unclassified(Model.metadata) == []


def test_a_planted_column_is_found():
    metadata = MetaData()
    Table(
        "member", metadata, Column("id", Integer, primary_key=True), Column("name", String, info={"class": 2})
    )
    Table(
        "note",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("member_id", ForeignKey("member.id")),
        Column("text", String),
    )
    Table("shop", metadata, Column("id", Integer, primary_key=True), Column("owner_phone", String))
    Table("rule", metadata, Column("id", Integer, primary_key=True), Column("text", String))
    assert sorted(unclassified(metadata)) == ["note.text", "shop.owner_phone"]
