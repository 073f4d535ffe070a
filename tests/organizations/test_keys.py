"""The keys of a name, and the terms asked for, in both search languages."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.organizations.matching import fts5, tsquery, understand, wanted
from portal.organizations.reading import SYLLABLES, cut, readings
from portal.organizations.search import keys, tidy


def test_keys_of_a_name():
    made = keys("双强六 3M")
    assert made.sort_key == "shuang qiang liu 3m"
    assert made.name_key == "双强六3m" and made.initials == "sql3"
    for term in ("n双强", "n强六", "n六", "n3m", "pshuangqiang", "pqiangliu", "pqianglu", "isql3", "iql3"):
        assert term in made.terms, term


@pytest.mark.parametrize(
    "name, sort_key",
    [
        ("枞阳", "zong yang"),
        ("六安", "lu an"),
        ("重庆", "chong qing"),
        ("长沙银行", "chang sha yin hang"),
        ("绿色", "lv se"),
        ("㐂", "㐂"),
        ("", ""),
        ("😀", ""),
    ],
)
def test_sort_key_is_read_as_people_read_it(name, sort_key):
    assert keys(name).sort_key == sort_key


def test_surnames_have_both_readings():
    for name, reading in (("单", "shan"), ("仇", "qiu"), ("曾", "zeng"), ("解", "xie"), ("区", "ou")):
        assert (reading,) in readings(name), name


@pytest.mark.parametrize(
    "typed, way",
    [
        ("shuangqiang", ("shuang", "qiang")),
        ("xian", ("xi", "an")),
        ("shuangqiangk", ("shuang", "qiang", "k")),
        ("lvse", ("lv", "se")),
        ("zhong", ("zhong",)),
    ],
)
def test_typed_pinyin_is_cut(typed, way):
    assert way in cut(typed)


@pytest.mark.parametrize("typed", ["pfq", "zzz", "ibm", "x1"])
def test_what_is_no_pinyin_is_not_cut(typed):
    assert cut(typed) == ()


def test_forms_of_letters_do_not_matter():
    assert tidy("ＡＢＣ　双强（Café）·lü") == ["abc", "双强", "cafe", "lv"]


def test_terms_in_both_languages():
    groups = wanted(understand("双强六 sq"))
    assert fts5(groups, 7) == (
        '"d7" AND ("n双强 n强六" OR "a双强 a强六") AND ("nsq" * OR "asq" * OR "isq" *)'
    )
    assert tsquery(groups, 7) == (
        "'d7' & (('n双强' <-> 'n强六') | ('a双强' <-> 'a强六')) & (('nsq':*) | ('asq':*) | ('isq':*))"
    )


@pytest.mark.parametrize("typed", ["91340722MA2T000018", "913407", "９１３４０７"])
def test_credit_codes_are_recognised(typed):
    assert understand(typed).code.startswith("913407")


@pytest.mark.parametrize("typed", ["12345", "双强913407", "shuangqiang", "9" * 19])
def test_other_text_is_no_credit_code(typed):
    assert understand(typed).code == ""


@pytest.fixture(scope="module")
def shelf():
    found = sqlite3.connect(":memory:")
    found.execute("create virtual table f using fts5(t, tokenize='ascii', prefix='2 3 4 5')")
    yield found
    found.close()


def test_every_character_is_read_as_a_syllable_that_can_be_typed():
    read = {chr(one): readings(chr(one))[0][0] for one in range(0x4E00, 0x9FA6)}
    assert {one: said for one, said in read.items() if said not in SYLLABLES and said != one} == {}
    assert sum(said == one for one, said in read.items()) < 20  # nobody can read these


CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=12)


@given(CHINESE, st.data())
@settings(max_examples=200, deadline=None)
def test_every_piece_of_a_name_finds_it(shelf, name, data):
    start = data.draw(st.integers(0, len(name) - 1))
    end = data.draw(st.integers(start + 1, len(name)))
    made = keys(name)
    shelf.execute("delete from f")
    shelf.execute("insert into f values (?)", (" ".join(made.terms),))
    for typed in (name[start:end], "".join(keys(name).sort_key.split()), made.initials):
        found = shelf.execute(
            "select count(*) from f where f match ?", (fts5(wanted(understand(typed)), None),)
        )
        assert found.fetchone() == (1,), typed


@given(st.text(max_size=200), st.integers(1, 9))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_makes_a_valid_query_of_bounded_size(shelf, typed, district):
    asked = understand(typed)
    if asked:
        query = fts5(wanted(asked), district)
        shelf.execute("select count(*) from f where f match ?", (query,)).fetchone()
        assert len(query) < 6000 and len(tsquery(wanted(asked), district)) < 9000
