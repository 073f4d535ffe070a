"""The measuring itself: each of its complaints is shown to come up on a planted fault."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests import looks
from tests.browser import Visit, served

pytestmark = [pytest.mark.browser, pytest.mark.once]

FAULTS = {
    "small text": "<p><span class='bad-small'>看不清的小字</span></p>",
    "tight line": "<p class='bad-tight'>" + "挤在一起的行" * 20 + "</p>",
    "small target": "<div><button class='bad-target' type='button'>点</button></div>",
    "sideways": "<div class='bad-wide'>宽</div>",
    "contrast": "<p class='bad-pale'>看不清的淡字</p>",
    "no name": "<input class='form-control'>",
}
SHEET = (
    ".bad-small{font-size:12px}.bad-tight{line-height:1.1}.bad-target{all:unset;display:block;width:20px}"
    ".bad-wide{width:900px}.bad-pale{color:#999}"
)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_seen(visit: Visit, fault: str):
    page = visit("/dev/components")
    assert looks.held_against(page) == []
    page.evaluate(
        """([sheet, html]) => {
          const rules = new CSSStyleSheet();
          rules.replaceSync(sheet);
          document.adoptedStyleSheets = [rules];
          document.querySelector('main').insertAdjacentHTML('beforeend', html);
        }""",
        [SHEET, FAULTS[fault]],
    )
    assert looks.held_against(page), fault


def test_a_page_that_is_still_coming_is_waited_for(browser: Any):
    def portal(environ: Any, start: Any) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        if environ["PATH_INFO"] != "/next":
            yield b"<!doctype html><title>-</title><a href='/next'>on</a>"
            return
        yield b"<!doctype html><head><title>-</title>" + b" " * 4096
        time.sleep(0.5)
        yield b"<body><p style='font-size:12px'>small</p></body>"

    with served(portal) as url, browser.new_page() as page:
        page.goto(url)
        page.get_by_role("link").click()
        assert looks.small_text(page)
