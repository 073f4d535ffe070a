"""Whoever chose English reads English: every source string has its translation."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.config import ROOT
from portal.testing import World
from portal.web import languages
from tests.guards import bare_chinese
from tests.guards.catalogue import lacking, miscounted


def test_every_source_string_has_an_english_translation():
    """``portal catalogue update`` takes new strings in; then give them words."""
    assert lacking(ROOT, "en") == []


def test_a_count_of_one_reads_as_one():
    """Sentences with a count use ngettext, with one Chinese sentence for both and two English ones."""
    assert miscounted(ROOT, "en") == []


def test_a_planted_count_is_found(tmp_path: Path):
    tree = house(
        tmp_path,
        "{{ _('%(n)s行', n=1) }}{{ ngettext('%(num)s人', '%(num)s人', 1) }}",
        'msgid "%(n)s行"\nmsgstr "%(n)s rows"\n\nmsgid "%(num)s人"\nmsgid_plural "%(num)s人"\n'
        'msgstr[0] "%(num)s person"\nmsgstr[1] "%(num)s people"\n',
    )
    assert miscounted(tree, "en") == ["portal: '%(n)s rows' for one"]


def test_no_template_shows_chinese_that_cannot_be_translated():
    assert bare_chinese.in_templates(ROOT) == []


def test_no_code_shows_chinese_that_cannot_be_translated():
    """Official words of sheets, invented data and commands are named with their reasons in the guard."""
    assert bare_chinese.in_code(ROOT) == []


def test_a_page_is_english_for_whoever_chose_it(world: World):
    browser = world.browser()
    browser.set_cookie("portal_language", "en")
    page = browser.get("/find").get_data(as_text=True)
    assert '<html lang="en"' in page and "找我的党组织" not in page


def house(root: Path, template: str, words: str) -> Path:
    """Write a small tree with one template and its catalogue."""
    (root / "templates").mkdir()
    (root / "plugins").mkdir()
    (root / "templates" / "x.html").write_text(template, encoding="utf-8")
    path = languages.catalogue(root / "portal" / "translations", "en")
    path.parent.mkdir(parents=True)
    path.write_text(
        f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n{words}\n', encoding="utf-8"
    )
    return root


def test_a_planted_gap_is_found(tmp_path: Path):
    tree = house(
        tmp_path,
        "{{ _('党费') }}{{ _('%(n)s元', n=1) }}{{ _('首页') }}{{ _('%(n)s天', n=1) }}",
        'msgid "党费"\nmsgstr ""\n\nmsgid "%(n)s元"\nmsgstr "%(m)s yuan"\n\n'
        'msgid "%(n)s天"\nmsgstr "%(n)s d.%(n)s d."\n',
    )
    assert lacking(tree, "en") == [
        "portal: '党费' has no words",
        "portal: '%(n)s元': '%(m)s yuan' has other placeholders",
        "portal: '首页' is not in the catalogue",
        "portal: '%(n)s天': '%(n)s d.%(n)s d.' has other placeholders",
    ]


def test_planted_bare_chinese_is_found(tmp_path: Path):
    tree = house(
        tmp_path, "{# 说明 #}<p>{{ _('党费') }}</p>\n<p>首页</p>\n{{ head('支部') }}{{ head(_('党员')) }}", ""
    )
    assert bare_chinese.in_templates(tree) == ["templates/x.html:2 <p>首页</p>", "templates/x.html:3 支部"]
    (tree / "portal" / "x.py").write_text('"""说明"""\nsay("没有")\nsay(_("有"))\n', encoding="utf-8")
    assert bare_chinese.in_code(tree) == ["portal/x.py:2 没有"]


def test_catalogues_are_compiled_beside_the_code_or_in_the_data_where_code_may_not_be_written(tmp_path: Path):
    tree = house(tmp_path, "{{ _('党费') }}", 'msgid "党费"\nmsgstr "Dues"\n')
    own, spare = tree / "portal" / "translations", tmp_path / "data"
    assert languages.compiled(tree, spare=spare) == [own]
    assert (own / "en" / "LC_MESSAGES" / "messages.mo").is_file() and not spare.exists()
    # A read-only image: the folder is a file to whoever wants to write into it.
    (own / "en" / "LC_MESSAGES" / "messages.mo").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(languages, "_writable", lambda folder: folder.is_relative_to(spare))
        assert languages.compiled(tree, spare=spare) == [spare / "portal"]
    assert (spare / "portal" / "en" / "LC_MESSAGES" / "messages.mo").is_file()
