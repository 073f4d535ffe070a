"""Sheets speak Chinese, screens the reader's language: every header and choice has its words."""

from __future__ import annotations

from flask import Flask

from portal.current import registry
from portal.sheets.imports.columns import members, organizations, units
from portal.sheets.screen_words import on_screen
from portal.words import speaking
from tests.guards.catalogue import HAN


def test_every_header_and_choice_is_english_on_an_english_screen(app: Flask):
    columns = [c for one in (members, organizations, units) for c in one.PROFILE.columns]
    columns += [c for _, found in registry().each("register_sheets") for one in found for c in one.columns]
    words = {word for column in columns for word in (column.header, *column.choices)}
    with speaking("en"):
        assert [word for word in sorted(words) if HAN.search(on_screen(word))] == []
    assert "党费类别" in words and "汉族" in words


def test_a_sheet_stays_chinese_whatever_the_reader_reads(app: Flask):
    with speaking("en"):
        assert [column.header for column in units.PROFILE.columns][1] == "单位名称"
