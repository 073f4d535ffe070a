"""金额不对？告诉支部: a question for the branch, with its own number."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, g, request, url_for

from portal.api import clock, go, once, render, requests, requires, say
from portal.api import gettext as _

from . import dues
from .mine import my_statement

LONGEST = 200
#: Days the branch has to answer; shown to the member.
ANSWER_WITHIN = timedelta(days=7)
KIND = "dues.wrong_amount"


@dues.get("/wrong")
@requires("dues.pay")
def wrong() -> Response:
    """Ask what is not right."""
    return _page()


@dues.post("/wrong")
@requires("dues.pay")
@once
def tell() -> Any:
    """Write the question down for the branch."""
    found = my_statement()
    said = request.form.get("said", "").strip()
    errors = []
    if not said:
        errors.append(("said", _("请写一句哪里不对。")))
    if len(said) > LONGEST:
        errors.append(("said", _("请写短一点，最多%(most)s个字。", most=LONGEST)))
    if errors:
        return _page(said=said, errors=errors, status=422)
    asked = requests.ask(
        KIND,
        district_id=found.district_id,
        asked_by=g.actor.account_id,
        member_id=found.member_id,
        organization_id=found.organization_id,
        answer_permission="dues.assess",
        subject=_("党费金额不对：%(name)s", name=found.name),
        payload={"said": said, "months": [line.month for line in found.timeline.arrears]},
        due_on=clock.today() + ANSWER_WITHIN,
    )
    say(_("已告诉支部，编号%(reference)s，一般一周内答复。", reference=asked.reference))
    return go(url_for("dues.statement"))


def _page(*, said: str = "", errors: list[tuple[str, str]] | None = None, status: int = 200) -> Response:
    return render(
        "dues/wrong.html",
        status=status,
        block="content",
        found=my_statement(),
        said=said,
        errors=errors or [],
    )
