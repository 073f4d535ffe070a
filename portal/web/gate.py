"""The gate: session and actor, district, switch, scope, permission, in this order, in one place."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, current_app, g, redirect, request
from flask import session as browser

from portal import words
from portal.current import registry
from portal.database.core import reading
from portal.database.scope import everything, set_scope
from portal.districts import queries as districts
from portal.identity import kept, loading, sessions
from portal.identity.actor import ANONYMOUS
from portal.web import access, asked, first, headers, htmx
from portal.web.frame import say
from portal.web.links import login_url
from portal.web.throttle import slow_down
from portal.words import gettext


def install(app: Flask) -> None:
    """Put the gate in front of every view."""
    app.url_value_preprocessor(_take_district)
    app.url_defaults(_put_district)
    app.before_request(_admit)
    app.teardown_request(_leave)


def _take_district(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    g.district_code = values.pop("district_code", None) if values else None


def _put_district(endpoint: str, values: dict[str, Any]) -> None:
    if "district_code" in values:
        return
    here = g.get("district_code")
    if here and current_app.url_map.is_endpoint_expecting(endpoint, "district_code"):
        values["district_code"] = here


def _leave(_error: BaseException | None) -> None:
    set_scope(None)
    reading.set(False)
    words.forget()


def _admit() -> Any:
    words.forget()
    # The things themselves: every look through a proxy costs ten.
    here, current = g._get_current_object(), request._get_current_object()  # type: ignore[attr-defined]  # a proxy
    here.district, here.actor = None, ANONYMOUS
    here.request_id = current.environ.get(headers.REQUEST_ID)
    asked.refuse_odd_address(current)
    endpoint = current.endpoint
    if endpoint is None:
        # No page of ours: whoever is logged in still reads so on the page that says it.
        with everything():
            loaded = _load_actor()
        here.actor = loaded.actor if loaded else ANONYMOUS
        return None
    if endpoint == "static" or endpoint.endswith(".static"):
        headers.keep_a_while()
        return None
    # Known before there is a scope: roles of every district, switches of those above this one.
    with everything():
        loaded = _load_actor()
        here.actor = loaded.actor if loaded else ANONYMOUS
        here.has_record = False
        here.weak = loaded is not None and loaded.weak
        if here.district_code is not None:
            _enter_district(loaded)
    if here.district is not None:
        set_scope({here.district.id}, write=here.district.id)
    view = current_app.view_functions[endpoint]
    wanted = access.of(view)
    if wanted is None:
        # A view nobody classified: refused, and the route test fails the build.
        current_app.logger.error("view %s declares no access", endpoint)
        abort(404)
    at_home = loaded is not None and here.district is not None
    if loaded is not None and at_home and not access.is_first_thing(view):
        before = first.due(loaded)
        if before is not None:
            return before
    if wanted.kind == "public":
        return None
    if not here.actor.is_authenticated:
        return ask_to_log_in()
    if wanted.kind == "permission" and not here.actor.can(wanted.permission):
        current_app.logger.warning("refused: %s", wanted.permission)
        abort(404)
    if loaded is not None and at_home and access.is_asked_again(view):
        again = first.asked_again(loaded)
        if again is not None:
            return again
    if access.is_handed_out(view):
        slow_down("export", a_minute=current_app.config["EXPORTS_A_MINUTE"])
    return None


def _load_actor() -> loading.Loaded | None:
    token = getattr(browser, "token", None)
    if token is None:
        return None
    loaded = loading.load(token, g.district_code)
    if loaded is None:
        # Ended, idle or unknown: go on as a visitor with a fresh cookie.
        browser.token = None  # type: ignore[attr-defined]
        browser.renew = True  # type: ignore[attr-defined]
        g.session_expired = token
        return None
    browser.update(loaded.data)
    browser.modified = False
    if loaded.actor.session_id is not None:
        sessions.seen(loaded.actor.session_id, loaded.last_seen)
    return loaded


def _enter_district(loaded: loading.Loaded | None) -> None:
    found = districts.place(g.district_code)
    if found is None:
        abort(404)
    defaults = {slug: plugin.on_by_default for slug, plugin in registry().plugins.items()}
    decided = districts.decisions(districts.ids_of(found.path), defaults)
    g.district = districts.reference(found, decided.plugins_on)
    # The settings came with the same query; portal.districts.settings asks no second one.
    g.setting_rows = {found.id: decided.settings}
    found_here = loading.at_district(loaded, g.district, decided.overrides)
    g.has_record = found_here.member_id is not None
    g.actor = first.as_agreed(loaded, found_here)
    owner = _owner(request.blueprints)
    if owner is not None and owner not in decided.plugins_on:
        abort(404)


def _owner(blueprints: list[str]) -> str | None:
    for name in blueprints:
        owner = current_app.extensions["portal.owners"].get(name)
        if owner is not None:
            return str(owner)
    return None


def ask_to_log_in() -> Any:
    """Send a visitor to the log-in page and back here afterwards."""
    back = request.full_path.rstrip("?") if request.method == "GET" else htmx.referrer_path()
    target = login_url(back)
    answer = htmx.redirect_whole_page(target) if htmx.is_htmx() else redirect(target, 303)
    if request.method == "POST" and g.get("session_expired"):
        # A filled form survives the end of its session: it is offered again after the log-in.
        kept.offer_again(answer, kept.keep(request, session_token=g.session_expired))
    elif g.get("session_expired"):
        say(gettext("一阵没操作，或在别处登录了，为安全已退出。请再登录一次。"))
    return answer
