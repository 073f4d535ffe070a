"""Remind the branch's people: choose, see the words, send; and the text for the WeChat group."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, g, request, url_for
from markupsafe import Markup

from portal.api import district, go, ngettext, notices, once, render, requires, say, sentences
from portal.api import gettext as _

from .. import messages
from .. import page_words as words
from ..queries import arrears as queries
from ..service import reminders as service
from . import dues
from .branch import own_branch


@dues.get("/remind")
@requires("dues.collect")
def remind() -> Any:
    """Show who still owes a month, the words they would read, and the text for the group."""
    return _page()


def _page(*, error: str = "", status: int = 200) -> Any:
    chosen, places = own_branch()
    people = queries.owing(chosen.id)
    picked = set(request.form.getlist("who")) if request.method == "POST" else None
    # The group's text names nobody and no sum (ux.md, Words).
    text = _("本月党费可以交了。已交请忽略，不会用手机的请找我。")
    group = notices.group_text(text, url=_public_address())
    many = [one for one in people if len(one.months) > 1]
    return render(
        "dues/remind.html",
        block="content" if error else None,
        status=status,
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        people=people,
        ticked={
            str(one.member_id)
            for one in people
            if (
                str(one.member_id) in picked
                if picked is not None
                else one.has_account and not one.reminded_now
            )
        },
        outward=(messages.ARREARS.title, messages.ARREARS.body),
        inside=[
            str(messages.REMIND.inside),
            *(str(messages.ARREARS.inside) % {"months": words.month_list(one.months)} for one in many[:1]),
        ],
        group=group,
        picture=Markup('<img src="{}" alt="{}">').format(group.picture, _("打开党费页的二维码")),
        words=words,
        error=error,
    )


def _public_address() -> str:
    # The registered address, never the Host header's: this text is copied to a whole group.
    return f"{current_app.config['PUBLIC_URL']}{url_for('dues.statement')}"


@dues.post("/remind")
@requires("dues.collect")
@once
def remind_send() -> Any:
    """Send the notices, or write down that it was said in person."""
    chosen, _places = own_branch()
    way = request.form.get("act", "notice")
    if way not in ("notice", "word"):
        abort(400)
    who = request.form.getlist("who", type=int)
    if not who:
        return _page(error=_("请先勾上要提醒的人。"), status=422)
    done = service.remind(
        district=district(), organization_id=chosen.id, member_ids=who, way=way, actor=g.actor
    )
    said = (
        ngettext("已提醒%(n)s人。", "已提醒%(n)s人。", done.told, n=done.told)
        if way == "notice"
        else ngettext("已记下当面说过的%(n)s人。", "已记下当面说过的%(n)s人。", done.told, n=done.told)
    )
    if done.before:
        said = sentences(
            said,
            ngettext(
                "%(n)s人这个月提醒过，没有重复。",
                "%(n)s人这个月提醒过，没有重复。",
                done.before,
                n=done.before,
            ),
        )
    if done.without_account:
        said = sentences(
            said,
            ngettext(
                "%(n)s人还没登录过，请当面或打电话说一声。",
                "%(n)s人还没登录过，请当面或打电话说一声。",
                done.without_account,
                n=done.without_account,
            ),
        )
    say(said)
    return go(url_for("dues.remind", branch=chosen.id))
