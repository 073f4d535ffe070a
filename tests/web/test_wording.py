"""Months and joined sentences read well in both languages."""

from __future__ import annotations

from datetime import date

from flask import Flask

from portal.web.frame import civil, month
from portal.web.wording import sentences
from portal.words import speaking


def test_months_and_days_are_numbers_in_chinese_and_names_in_english(app: Flask):
    with speaking("zh"):
        assert (month("2026-08"), civil(date(2026, 8, 2))) == ("2026年8月", "2026年8月2日")
    with speaking("en"):
        assert (month("2026-08"), civil(date(2026, 8, 2))) == ("Aug 2026", "2 Aug 2026")


def test_sentences_are_joined_as_the_language_asks(app: Flask):
    with speaking("zh"):
        assert sentences("已保存。", "", "请核对。") == "已保存。请核对。"
    with speaking("en"):
        assert sentences("Saved.", "", "Please check.") == "Saved. Please check."
