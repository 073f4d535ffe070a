"""A rate table that does not hold together never comes into use."""

import shutil
from pathlib import Path

import pytest

from plugins.dues.rate_files import HERE, load
from plugins.dues.rate_table import RateTableError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE, tmp_path / "rates"))


@pytest.mark.parametrize(
    ("written", "instead", "fault"),
    [
        ('up_to = "5000.00", rate = "0.01"', 'up_to = "2000.00", rate = "0.01"', "edges do not rise"),
        ('up_to = "5000.00", rate = "0.01"', 'up_to = "5000.00", rate = "0.001"', "rates do not rise"),
        ('{ rate = "0.02" }', '{ up_to = "20000.00", rate = "0.02" }', "last bracket"),
        ('{ up_to = "3000.00", rate', "{ rate", "last bracket"),
        ('rate = "0.015"', 'rate = "0.01503"', "ten-thousandths"),
        ('rate = "0.02"', 'rate = "1.5"', "ten-thousandths"),
        ('up_to = "3000.00"', 'up_to = "3000.005"', "not an amount"),
        ('mark = "CONFIRMED"', 'mark = "sure"', "a source and one of the marks"),
        ('fixed = "0.20"', 'fixed = "0.20"\nbrackets = "wage"', "exactly one of"),
        ('base = "basic_pension"', 'base = "all"', "unknown kind of base"),
        ('least = "0.20"', 'least = "2.00"', "range is empty"),
        ("meeting = 6", 'meeting = "6"', "not a number of months"),
        ('default = ["branch", "committee"]', "default = []", "a chain of"),
        ('deadline = "04-30"', 'deadline = "04-31"', "day is out of range"),
        ('default = "fen"', 'default = "li"', "rounding options"),
        ('policy = "follow_change"', 'policy = "whenever"', "fixing policy"),
        ('default = "tax_only"', 'default = "guess"', "unknown formulas"),
        ("valid_from = 2008-04-01", "valid_from = 2017-02-01", "begin on the same day"),
        ("valid_from = 2008-04-01", 'valid_from = "2008-04-01"', "not a date"),
        ('version = "cn-2008-04"', 'version = "other"', "cannot extend"),
        ('version = "cn-2008-04"', "", "version"),
        ('subtract = ["所得税"]', 'subtract = ["岗位工资"]', "stands in two places"),
        ("[categories.student]", "[categories.student", "2008-04.toml"),
    ],
)
def test_a_fault_in_a_table_is_named(folder: Path, written: str, instead: str, fault: str) -> None:
    path = folder / "2008-04.toml"
    text = path.read_text(encoding="utf-8")
    assert written in text
    path.write_text(text.replace(written, instead, 1), encoding="utf-8")
    with pytest.raises(RateTableError, match=fault):
        load(folder)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RateTableError, match="no rate tables"):
        load(tmp_path)


def test_every_rule_names_its_source() -> None:
    for table in load(HERE).tables:
        for category in table.categories.values():
            assert category.rule.source and category.rule.mark in ("CONFIRMED", "FROM MEMORY", "local")
