"""How I want to hear of things: each kind by a channel, or in the portal only."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, g, request, url_for

from portal import audit
from portal.current import district, registry
from portal.database import transaction
from portal.notices import delivery, service, templates
from portal.notices.demo import CHANNEL
from portal.plugin import Channel
from portal.web.access import requires
from portal.web.frame import mask_phone, say
from portal.web.htmx import go, render
from portal.words import gettext

notice_choices = Blueprint("notice_choices", __name__)


@notice_choices.get("/d/<district_code>/me/notices/choices")
@requires("core.me")
def show() -> Any:
    """Show each kind of message and how it reaches me."""
    return _page(service.chosen(g.actor.account_id))


@notice_choices.post("/d/<district_code>/me/notices/choices")
@requires("core.me")
def keep() -> Any:
    """Keep what was chosen; what cannot be left out stays as it is."""
    allowed = {service.INSIDE, *(one.key for one in delivery.usable(_channels()))}
    free = [kind.key for kind in templates.KINDS.values() if not kind.always]
    wanted = {kind: request.form.get(kind, "") for kind in free}
    wrong = [kind for kind, way in wanted.items() if way not in allowed]
    if wrong:
        return _page(wanted, wrong=wrong, status=422)
    with transaction():
        service.choose(wanted, account_id=g.actor.account_id)
        subject = ("account", g.actor.account_id)
        audit.record("account.notices", subject, actor=g.actor, district=district().id, detail=wanted)
    say(gettext("记住了，以后照这样告诉您。"))
    return go(url_for("notices.mine"))


def _channels() -> list[Channel]:
    # As when it is sent: in the demo nothing leaves it.
    found = (
        [CHANNEL]
        if current_app.config["DEMO"]
        else registry().collect("notice_channels", district=district())
    )
    return delivery.in_order(found)


def _page(chosen: dict[str, str], *, wrong: list[str] | None = None, status: int = 200) -> Any:
    offered, address = _channels(), delivery.address_of(g.actor.account_id)
    channels = delivery.usable(offered)
    ways = [(one.key, one.label) for one in channels]
    known = {key for key, _ in ways} | {service.INSIDE}
    # A channel that is no longer there: what would be sent goes the first way there is.
    standard = channels[0].key if channels else service.INSIDE
    shown = {kind: way if way in known else standard for kind, way in chosen.items()}
    begin, end = delivery.quiet_hours()
    return render(
        "notices/choices.html",
        status=status,
        kinds=list(templates.KINDS.values()),
        ways=ways,
        lacking=[(one.label, one.lacking) for one in offered if one.lacking],
        inside=service.INSIDE,
        chosen=shown,
        standard=standard,
        wrong=wrong or [],
        phone=mask_phone(address.phone) if address and address.phone else "",
        quiet=(f"{begin:%H:%M}", f"{end:%H:%M}"),
    )
