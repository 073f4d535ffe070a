"""What both sides of a delegation are told: asked, begun, refused, ended. Outward nothing of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from portal import notices
from portal.database import session
from portal.districts import context
from portal.identity.models import Account
from portal.members.models import Member
from portal.members.models_delegation import Delegation
from portal.notices import Template
from portal.words import lazy_gettext as _l


def _template(key: str, inside: Any) -> Template:
    return notices.declare(
        Template(
            key=key,
            kind="duty",
            title=_l("您有一条新消息"),
            body=_l("有一件事请您看一下，请登录服务平台查看。"),
            inside=inside,
        )
    )


ASKED = _template("core.help_asked", _l("%(helper)s想替您代办，请看一看是不是您的家人、同志，再决定。"))
STARTED_HELPED = _template("core.help_started", _l("从今天起，%(helper)s可以替您代办。您随时可以停。"))
STARTED_HELPER = _template("core.help_may", _l("您可以替%(label)s代办了。"))
REFUSED = _template("core.help_refused", _l("替%(label)s代办的申请没有同意，可以请本人或支部说明。"))
ENDED_HELPED = _template("core.help_ended", _l("%(helper)s不再替您代办。"))
ENDED_HELPER = _template("core.help_over", _l("您不再替%(label)s代办。"))


def asked(row: Delegation) -> None:
    """Tell the member, if there is one and they read here, in the transaction of the question."""
    _tell(row, ASKED, _reader(row))


def moved(row: Delegation, act: str, *, by: Any) -> None:
    """Tell both sides of a move, but for whoever made it, in its transaction."""
    helped, actor = _reader(row), getattr(by, "account_id", None)
    pairs = {
        "consent": ((STARTED_HELPED, helped), (STARTED_HELPER, row.account_id)),
        "refuse": ((REFUSED, row.account_id),),
        "revoke": ((ENDED_HELPED, helped), (ENDED_HELPER, row.account_id)),
        "lapse": ((ENDED_HELPED, helped), (ENDED_HELPER, row.account_id)) if row.consented_at else (),
    }
    for template, account_id in pairs.get(act, ()):
        if account_id != actor:
            _tell(row, template, account_id)


def _tell(row: Delegation, template: Template, account_id: int | None) -> None:
    if account_id is None:
        return
    helper = session.scalar(select(Account.display_name).where(Account.id == row.account_id)) or ""
    params = {"label": row.label} if account_id == row.account_id else {"helper": helper}
    notices.notify(
        template.key,
        account_id=account_id,
        district_id=row.district_id,
        params=params,
        url=f"/d/{context.ref(row.district_id).code}/me/helping/{row.uid}",
        dedupe_key=f"{template.key}:{row.id}:{row.version}",
    )


def _reader(row: Delegation) -> int | None:
    if row.member_id is None:
        return None
    found = select(Account.id).join(Member, Member.person_id == Account.person_id)
    return session.scalar(found.where(Member.id == row.member_id, Account.disabled_at.is_(None)))
