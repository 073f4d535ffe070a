"""Every page of the desk that searches: by POST, no number in an address, what was chosen stays chosen."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from portal.testing import Browser, World
from tests.attack.answers import SECRET

NUMBER, HERE = "10000000042", "/d/990001"
#: page -> the permission's role, and the fields that stay beside what was searched for.
PAGES: dict[str, tuple[str, dict[str, str]]] = {
    f"{HERE}/desk/rebind": ("district_admin", {}),
    f"{HERE}/desk/login-codes": ("district_admin", {}),
    f"{HERE}/desk/helping": ("district_admin", {"state": "active"}),
    f"{HERE}/admin/roles": ("district_admin", {"when": "past", "role": "desk"}),
    f"{HERE}/dues/branch": ("secretary", {"unpaid": "1"}),
}


@pytest.fixture
def here(world: World) -> Any:
    return world.district("990001")


@pytest.fixture
def browsers(world: World, here: Any) -> dict[str, Browser]:
    branch = world.organization(here)
    for name in ("孙一", "钱测书"):
        world.member(branch, name=name)
    return {
        "district_admin": world.browser(world.account(role="district_admin", district=here)),
        "secretary": world.browser(world.account(role="secretary", organization=branch)),
    }


@pytest.mark.parametrize("path", PAGES)
def test_a_number_is_sealed_and_what_was_chosen_stays(browsers: dict[str, Browser], path: str):
    role, kept = PAGES[path]
    browser = browsers[role]
    form = browser.get(path, query_string=kept)
    assert f'action="{path}/search"' in form.text, "the page's own box sends it"
    answer = browser.post(f"{path}/search", data={"q": NUMBER, **kept})
    assert answer.status_code == 303 and not SECRET.search(answer.location)
    said = parse_qs(urlsplit(answer.location).query)
    assert urlsplit(answer.location).path == path and said.pop("q")[0].startswith("~")
    assert {name: one for name, [one] in said.items()} == kept
    page = browser.get(answer.location)
    assert page.status_code == 200 and f'value="{NUMBER}"' in page.text
    links = " ".join(re.findall(r'(?:href|action|hx-[a-z]+)="([^"]*)"', page.text))
    assert not SECRET.search(links)


@pytest.mark.parametrize("path", [path for path in PAGES if not path.endswith("roles")])
def test_a_name_is_found(browsers: dict[str, Browser], path: str):
    browser = browsers[PAGES[path][0]]
    page = browser.get(browser.post(f"{path}/search", data={"q": "钱测书"}).location).text
    assert "孙一" not in page
    if not path.endswith("helping"):  # nobody helps anybody here
        assert re.search(r">\s*钱测书", page)


@pytest.mark.parametrize("path", PAGES)
def test_a_link_that_was_sealed_for_another_says_whose_it_is(
    world: World, here: Any, browsers: dict[str, Browser], path: str
):
    role, _kept = PAGES[path]
    target = browsers[role].post(f"{path}/search", data={"q": NUMBER}).location
    branch = {"organization": world.organization(here)} if role == "secretary" else {"district": here}
    answer = world.browser(world.account(role=role, **branch)).get(target)
    assert answer.status_code == 400 and "这个链接只有当时查找的人能打开" in answer.text


def test_no_page_of_the_desk_searches_by_get(app: Flask):
    """Names of organizations, districts and venues are public: a link with one in it may be sent on."""
    public = {"find/search.html", "dev/components.html", "admin/board.html"}
    public |= {"bookings/venues.html", "bookings/agreements.html", "bookings/keep_venues.html"}
    names = [name for name in app.jinja_env.list_templates() if name.endswith(".html")]
    assert len(names) > 100
    for name in set(names) - public:
        assert app.jinja_env.loader is not None
        source = app.jinja_env.loader.get_source(app.jinja_env, name)[0]
        for box in re.findall(r"search_box\((?!name,)[^}]*", source):
            assert "posted=true" in box, f"{name}: {box}"
        assert not re.search(r'\bfield\("q"', source) or 'method="post"' in source, name
