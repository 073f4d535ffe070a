"""The yearly bases: bring in the 党费核算表, see each row's verdict, take proposals through their steps."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, abort, g, request, url_for

from portal.api import (
    asks_again,
    audit,
    clock,
    district,
    go,
    month,
    ngettext,
    once,
    render,
    required_version,
    requires,
    say,
    sheet_kit,
)
from portal.api import gettext as _

from .. import page_words as words
from ..base_columns import PROFILE
from ..base_verdict import fingerprint
from ..models import DuesBaseSheet
from ..months import shifted
from ..queries import bases as queries
from ..rate_files import rate_tables
from ..service import bases as service
from . import dues
from .branch import own_branch
from .downloads import attachment

ACTS = ("paper", "approve", "withdraw")
VERDICTS = ("new", "changed", "same", "refused")


@dues.get("/bases")
@requires("dues.assess")
def bases() -> Any:
    """Show the proposals that wait for a word, and the sheets that were brought in."""
    return _page()


def _page(*, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    reach = g.actor.reach("dues.assess")
    state = request.args.get("state", "")
    branch = request.args.get("branch", type=int)
    after = request.args.get("after", 0, type=int)
    found = queries.waiting(reach, organization_id=branch, state=state, after=after, limit=queries.PAGE + 1)
    shown = found[: queries.PAGE]
    if shown and request.method == "GET":
        # Bases are class 3: who looked at them is on record (rule K7); a form sent wrongly shows them again.
        _seen(("district", district().id))
    return render(
        "dues/bases.html",
        block="content" if errors else None,
        status=status,
        waiting=shown,
        after=shown[-1].id if len(found) > queries.PAGE else None,
        state=state,
        sheets=queries.brought(reach),
        may_approve=g.actor.can("dues.approve"),
        errors=errors or {},
        typed=request.form,
    )


@dues.post("/bases/decide")
@asks_again
@requires("dues.assess")
@once
def bases_decide() -> Any:
    """Take the ticked proposals one step on, all of them or none."""
    act, reason = request.form.get("act", ""), request.form.get("reason", "")
    if act not in ACTS:
        abort(400)
    chosen = _chosen()
    if not chosen:
        return _page(errors={"": _("请先勾上要办的人。")}, status=422)
    if act == "withdraw" and not reason.strip():
        return _page(errors={"reason": _("请写明退回的原因，本人会看到。")}, status=422)
    reach = g.actor.reach("dues.assess")
    if not queries.all_within([one for one, _version in chosen], reach):
        abort(404)
    count = service.decide(chosen, act, reason=reason[:200], actor=g.actor)
    said = {
        "paper": ngettext(
            "已记下%(n)s人的纸质签字，等核定。", "已记下%(n)s人的纸质签字，等核定。", count, n=count
        ),
        "approve": ngettext("已核定%(n)s人。", "已核定%(n)s人。", count, n=count),
        "withdraw": ngettext("已退回%(n)s人的核定。", "已退回%(n)s人的核定。", count, n=count),
    }
    say(said[act])
    return go(url_for("dues.bases"))


def _chosen() -> list[tuple[int, int]]:
    found = []
    for text in request.form.getlist("pick"):
        one, _colon, version = text.partition(":")
        if not (one.isascii() and one.isdigit() and version.isascii() and version.isdigit()):
            abort(400)
        if max(len(one), len(version)) > 9:
            abort(400)  # longer than any id
        found.append((int(one), int(version)))
    return list(dict.fromkeys(found))[: queries.PAGE]


@dues.get("/bases/new")
@requires("dues.assess")
def bases_new() -> Any:
    """Ask for the sheet."""
    return _ask()


def _ask(*, error: str = "", status: int = 200) -> Any:
    chosen, places = own_branch("dues.assess")
    return render(
        "dues/bases_new.html",
        status=status,
        branch=chosen,
        branches=[(str(one.id), one.name) for one in places],
        months=start_months(),
        from_month=request.form.get("from_month", ""),
        profile=PROFILE,
        table=rate_tables().on(clock.today()),
        words=words,
        megabytes=service.LIMITS.upload_bytes // 1024 // 1024,
        error=error,
    )


def start_months() -> list[tuple[str, str]]:
    """Return from when a base may count: this month, next, next January; this January for a first fixing."""
    now = clock.month()
    found = [now, shifted(now, 1), f"{int(now[:4]) + 1}-01", f"{now[:4]}-01"]
    return [(one, month(one)) for one in dict.fromkeys(found)]


@dues.post("/bases/new")
@requires("dues.assess")
@once
def bases_upload() -> Any:
    """Keep the sheet and show its verdicts; nothing of the dues changes."""
    chosen, _places = own_branch("dues.assess")
    from_month = request.form.get("from_month", "")
    if from_month not in dict(start_months()):
        abort(400)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _ask(error=_("请先选一个文件。"), status=422)
    data = file.stream.read(service.LIMITS.upload_bytes + 1)
    try:
        sheet = service.take_in(
            district=district(),
            organization_id=chosen.id,
            from_month=from_month,
            data=data,
            filename=file.filename,
            actor=g.actor,
        )
    except sheet_kit.SheetError as refused:
        return _ask(error=str(refused), status=422)
    return go(url_for("dues.bases_sheet", sheet_id=sheet.id))


@dues.get("/bases/template.xlsx")
@requires("dues.assess")
def bases_template() -> Response:
    """Hand out the empty sheet."""
    stream = io.BytesIO()
    sheet_kit.write_template(stream, PROFILE)
    return attachment(stream.getvalue(), f"{PROFILE.title}模板.xlsx", sheet_kit.XLSX)


@dues.get("/bases/<int:sheet_id>")
@requires("dues.assess")
def bases_sheet(sheet_id: int) -> Any:
    """Show what would become of each row."""
    sheet = _sheet(sheet_id)
    rows, notices = service.judged(sheet, district=district())
    _seen(sheet)
    counts = {name: sum(row.verdict.value == name for row in rows) for name in VERDICTS}
    if sheet.state == "committed":
        counts = {"new": sheet.drafted, "changed": 0, "same": sheet.same, "refused": sheet.refused}
    return render(
        "dues/bases_sheet.html",
        sheet=sheet,
        branch=queries.branch_name(sheet.organization_id),
        rows=rows,
        notices=notices,
        counts=counts,
        plan=fingerprint(rows),
        mine=sheet.created_by == g.actor.account_id,
    )


@dues.post("/bases/<int:sheet_id>/<any(commit, discard):act>")
@requires("dues.assess")
@once
def bases_act(sheet_id: int, act: str) -> Any:
    """Propose what was shown, or throw the sheet away."""
    sheet = _sheet(sheet_id)
    version = required_version()
    if act == "discard":
        service.discard(sheet, version=version, actor=g.actor)
        say(_("已放弃，什么都没有登记。"))
        return go(url_for("dues.bases"))
    count = service.commit(
        sheet, version=version, plan=request.form.get("plan", ""), district=district(), actor=g.actor
    )
    say(
        ngettext(
            "已登记%(n)s人的基数，等本人确认后核定。",
            "已登记%(n)s人的基数，等本人确认后核定。",
            count,
            n=count,
        )
    )
    return go(url_for("dues.bases_sheet", sheet_id=sheet.id))


@dues.get("/bases/<int:sheet_id>/wrong.xlsx")
@requires("dues.assess")
def bases_wrong(sheet_id: int) -> Response:
    """Hand the refused rows back in the person's own columns, the reasons beside them."""
    sheet = _sheet(sheet_id)
    rows, _notices = service.judged(sheet, district=district())
    stream = io.BytesIO()
    sheet_kit.write_refused(
        stream,
        service.headers(sheet),
        ((row.cells, row.number, "".join(str(why) for why in row.reasons)) for row in rows if row.reasons),
    )
    name = f"没通过的行-{sheet.filename.rsplit('.', 1)[0]}.xlsx"
    return attachment(stream.getvalue(), name, sheet_kit.XLSX)


def _sheet(sheet_id: int) -> DuesBaseSheet:
    sheet = queries.sheet_at(sheet_id, g.actor.reach("dues.assess"))
    if sheet is None:
        abort(404)
    return sheet


def _seen(subject: Any) -> None:
    audit.record_view(subject, actor=g.actor, district=district(), action="dues.bases.view")
