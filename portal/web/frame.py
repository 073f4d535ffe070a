"""What every page gets: navigation, site, notice of the last act, elder mode, filters."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from flask import Flask, Response, current_app, g, request, url_for
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from itsdangerous import BadSignature, URLSafeSerializer
from markupsafe import Markup
from werkzeug.local import LocalProxy

from portal import clock
from portal.current import district_or_none, registry
from portal.districts import settings
from portal.identity import permissions
from portal.identity.actor import ANONYMOUS
from portal.plugin import NavItem
from portal.web import access, display
from portal.web.wording import month_word
from portal.words import gettext, lazy_gettext, spoken

_NOTICE = "portal_notice"

CORE_NAV = (
    NavItem(key="home", label=lazy_gettext("首页"), endpoint="web.home", icon="house", order=10),
    NavItem(key="find", label=lazy_gettext("找组织"), endpoint="find.here", icon="search", order=20),
    NavItem(key="desk", label=lazy_gettext("办公"), endpoint="web.desk", icon="briefcase", order=80),
    NavItem(key="me", label=lazy_gettext("我的"), endpoint="web.me", icon="person", order=90),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A link of the navigation as the template shows it."""

    label: Any
    url: str
    icon: str
    active: bool
    staff: bool = False


def once_field() -> Markup:
    """Return the hidden key that every creating, paying or approving form carries (rule K4)."""
    return Markup('<input type="hidden" name="_once" value="{}">').format(secrets.token_urlsafe(18))


def _form_token() -> str:
    """Return the token a page names in each of its forms; Flask-WTF looks up its settings at every call."""
    return getattr(g._get_current_object(), "csrf_token", None) or str(generate_csrf())


def say(text: str) -> None:
    """Leave one sentence for the next page this browser loads: what was just done."""
    g.say = text


def install(app: Flask) -> None:
    """Register globals, filters and the notice cookie."""
    app.jinja_env.globals.update(
        current_user=current_user,
        csrf_token=_form_token,
        nav=LocalProxy(_navigation),
        district=LocalProxy(district_or_none),
        site=LocalProxy(_site),
        elder=LocalProxy(elder),
        keys_off=display.keys_off,
        lang=LocalProxy(_lang),
        notice=LocalProxy(_notice),
        now=LocalProxy(clock.now),
        today=LocalProxy(clock.today),
        once_field=once_field,
    )
    app.jinja_env.filters.update(FILTERS)
    app.after_request(_carry_notice)


def values() -> dict[str, Any]:
    """Return what the frame of a page names many times, worked out once for one rendering.

    Imported macros do not see a page's values; they have the globals of the same names.
    """
    return {
        "csrf_token": _form_token,
        "current_user": g.get("actor", ANONYMOUS),
        "nav": _navigation(),
        "district": district_or_none(),
        "site": _site(),
        "elder": elder(),
        "lang": _lang(),
        "notice": _notice(),
    }


def _lang() -> str:
    locale = spoken().locale
    return "zh" if locale is None else str(locale.language)


def _navigation() -> list[Place]:
    if "navigation" not in g:
        district = district_or_none()
        g.navigation = [] if district is None else _places(district)
    return list(g.navigation)


def _places(district: Any) -> list[Place]:
    items = [*CORE_NAV, *registry().collect("nav_items", district=district, actor=g.actor)]
    found = []
    app, actor, asked, at_the_desk = current_app, g.actor, request.endpoint, _at_the_desk()
    for item in sorted(items, key=lambda item: (item.order, item.key)):
        if item.endpoint not in app.view_functions or item.staff:
            continue
        if item.key == "desk" and not actor.is_staff or item.key == "me" and actor.is_anonymous:
            continue
        if at_the_desk:
            here = item.key == "desk"
        else:
            here = asked == item.endpoint or (
                item.endpoint.split(".")[0] == request.blueprint and item.key not in {"home", "me", "desk"}
            )
        found.append(Place(item.label, url_for(item.endpoint), item.icon, here, item.staff))
    return found


def _at_the_desk() -> bool:
    """Tell whether this page is work for others: under the desk's address, or not for members to enter."""
    if request.url_rule is not None and request.url_rule.rule.startswith("/d/<district_code>/desk/"):
        return True
    wanted = access.of(current_app.view_functions.get(request.endpoint or ""))
    known = permissions.declared().get(wanted.permission) if wanted else None
    return known is not None and not known.roles & {"member", "resident"}


def _site() -> Any:
    district = district_or_none()
    return SimpleNamespace(
        name=current_app.config["SITE_NAME"],
        help_phone=(district and settings.get(district, "core.help_phone"))
        or current_app.config["HELP_PHONE"],
        note=district.source_note if district else "",
        demo=current_app.config["DEMO"],
    )


def elder() -> bool:
    """Tell whether this person reads in elder mode: the account's choice, else the cookie's."""
    actor = g.get("actor")
    if actor is not None and actor.is_authenticated:
        return bool(actor.elder)
    return display.elder_here()


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="notice")


def _notice() -> str:
    if "notice" not in g:
        left = request.cookies.get(_NOTICE)
        try:
            g.notice = _signer().loads(left) if left else ""
        except BadSignature:
            g.notice = ""
        g.notice_shown = bool(g.notice)
    return str(g.notice)


def _carry_notice(response: Response) -> Response:
    here = g._get_current_object()
    if "say" not in here and "notice_shown" not in here:
        return response
    options: dict[str, Any] = {
        "path": "/",
        "secure": current_app.config["SESSION_COOKIE_SECURE"],
        "httponly": True,
        "samesite": "Lax",
    }
    if here.get("say"):
        response.set_cookie(_NOTICE, _signer().dumps(str(here.say)), max_age=120, **options)
    elif here.get("notice_shown"):
        response.delete_cookie(_NOTICE, **options)
    return response


def fen(amount: int | None) -> str:
    """Write an amount of fen as people read it: 1930 is 19.30元."""
    return "" if amount is None else gettext("%(yuan)s元", yuan=yuan(amount))


def yuan(amount: int) -> str:
    """Write an amount of fen in yuan with two decimals, without a unit."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"


def civil(day: date | datetime | None) -> str:
    """Write a day as YYYY年M月D日; an instant shows its day in Shanghai."""
    if day is None:
        return ""
    if isinstance(day, datetime):
        day = clock.civil(day)
    return gettext("%(year)s年%(month)s月%(day)s日", year=day.year, month=month_word(day.month), day=day.day)


def instant(at: datetime) -> str:
    """Write an instant as the day and the time in Shanghai."""
    return f"{civil(at)} {at.astimezone(clock.SHANGHAI):%H:%M}"


def month(value: str | date | None) -> str:
    """Write a month (``YYYY-MM`` or a day in it) as YYYY年M月."""
    if not value:
        return ""
    text = value if isinstance(value, str) else value.strftime("%Y-%m")
    return gettext("%(year)s年%(month)s月", year=text[:4], month=month_word(int(text[5:7])))


def mask_phone(phone: str | None) -> str:
    """Show a phone number as 138****5678."""
    if phone and phone.startswith("（"):
        return phone  # words in its place: it cannot be read
    return f"{phone[:3]}****{phone[-4:]}" if phone and len(phone) >= 8 else "****"


def mask_name(name: str | None) -> str:
    """Show a name as its first character and stars: 张*."""
    return name[0] + "*" * max(1, len(name) - 1) if name else ""


#: What a template may say after a bar; docs/macros.md is written from it.
FILTERS = {
    "fen": fen,
    "yuan": yuan,
    "civil": civil,
    "instant": instant,
    "month": month,
    "mask_phone": mask_phone,
    "mask_name": mask_name,
}
