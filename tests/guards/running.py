"""What every plugin must keep to while the portal runs: off means off, and no page that costs by the row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from portal import jobs
from portal.database import everything, session, transaction
from portal.districts import service
from portal.districts.models import District
from portal.jobs.models import JobRow
from portal.testing import Browser, World, queries
from tests.guards.town import Town

#: What the queue writes beside a job whose plugin is switched off.
WAITS = "switched off"


def its_rules(town: Town, slug: str, method: str) -> list[Rule]:
    """Return the routes of one plugin that answer ``method``."""
    owners = town.app.extensions["portal.owners"]
    return [rule for rule in town.rules(method) if owners.get(rule.endpoint.split(".")[0]) == slug]


def switch(world: World, district: District, slug: str, *, on: bool) -> None:
    """Switch a plugin in a district."""
    with world.writing(district), transaction():
        service.switch(district, slug, on=on)
    session.remove()


def answering_when_off(world: World, town: Town, slug: str) -> list[str]:
    """Switch a plugin off; return its routes that do not say 404 to somebody of every role."""
    browser = town.browser(town.left, "all")
    rules = [(method, rule) for method in ("GET", "POST") for rule in its_rules(town, slug, method)]
    # The addresses are found while it is on; a route outside of the districts names a record of the left one.
    paths = [(method, town.path(rule, town.left)) for method, rule in rules]
    switch(world, town.left.district, slug, on=False)
    found = [(m, path, browser.open(path, method=m).status_code) for m, path in paths]
    return [f"{method} {path}: {status}" for method, path, status in found if status != 404]


def shown_when_off(world: World, town: Town, slug: str) -> list[str]:
    """Switch a plugin off; return the signs of it that pages of the core still show."""
    browser, code = town.browser(town.left, "all"), town.left.district.code
    pages = (f"/d/{code}/", f"/d/{code}/me/", f"/d/{code}/desk/", f"/d/{code}/desk/members")
    pages += (f"/d/{code}/desk/members/{town.left.members[0].id}",)
    switch(world, town.left.district, slug, on=False)
    found = []
    for path in pages:
        answer = browser.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        page = answer.get_data(as_text=True)
        for sign in (f"/d/{code}/{slug}/", f'id="card-{slug}', f'id="panel-{slug}'):
            if sign in page:
                found.append(f"{path}: {sign}")
    return found


def run_when_off(world: World, town: Town, slug: str) -> list[str]:
    """Switch a plugin off; return its jobs that were taken up all the same, dead ones too."""
    switch(world, town.left.district, slug, on=False)
    own = [one for one in jobs.declared().values() if one.plugin == slug and not one.always]
    with world.writing(town.left.district), transaction():
        for one in own:
            jobs.enqueue(one.name, {}, district_id=town.left.district.id)
    session.remove()
    jobs.run_due()
    with everything():
        here = JobRow.district_id == town.left.district.id
        rows = session.execute(select(JobRow.name, JobRow.last_error, JobRow.state).where(here)).all()
    session.rollback()
    names = {one.name for one in own}
    return sorted(f"{row.name}: {row.state}" for row in rows if row.name in names and row.last_error != WAITS)


def dearer_with_more(world: World, app: Flask, slug: str) -> list[str]:
    """Return the pages that cost another number of queries for four members than for one.

    Looked at are the plugin's own pages and the start page with its cards, as a member and as a secretary.
    """
    here = world.district(plugins=(slug,))
    branch = world.organization(here)
    first = world.member(branch)
    people = {
        "member": world.browser(world.account(first)),
        "secretary": world.browser(
            world.account(world.member(branch), role="secretary", organization=branch)
        ),
    }
    owners = app.extensions["portal.owners"]
    paths = [f"/d/{here.code}/"] + [
        rule.rule.replace("<district_code>", here.code)
        for rule in app.url_map.iter_rules()
        if owners.get(rule.endpoint.split(".")[0]) == slug
        and rule.arguments == {"district_code"}
        and "GET" in (rule.methods or ())
    ]
    few = _costs(people, paths)
    for _ in range(3):
        world.member(branch)
    many = _costs(people, paths)
    return [
        f"{who} {path}: {few[who, path]}, then {cost}"
        for (who, path), cost in many.items()
        if cost != few[who, path]
    ]


def _costs(people: Mapping[str, Browser], paths: Iterable[str]) -> dict[tuple[str, str], int]:
    found = {}
    for who, browser in people.items():
        for path in paths:
            browser.get(path)  # what is asked once after a change is not the page's own cost
            with queries() as seen:
                browser.get(path)
            found[who, path] = len(seen)
    return found
