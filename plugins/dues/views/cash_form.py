"""The collector's form of a cash sheet: what it shows, and how it is read back."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate
from typing import Any

from flask import request

from portal.api import civil, clock, ngettext, render
from portal.api import gettext as _

from ..amounts import parse_yuan, yuan
from ..models import DuesCashSheet
from ..months import parse_month, shifted
from ..queries import branch as branch_queries
from ..queries import cash as queries
from ..queries.statement import statement
from ..service import cash as service
from ..service import cash_days

_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,2})?", re.ASCII)


def form_page(sheet: DuesCashSheet, *, errors: dict[str, str] | None = None, status: int = 200) -> Any:
    """Render the form: every member of the branch, what is open, what was typed or saved."""
    owing = queries.owing(sheet.organization_id)
    saved = {line.member_id: line for line in queries.lines_of(sheet)}
    people, _more = branch_queries.lines(sheet.organization_id, clock.month(), limit=500)
    apart = queries.told_apart([(person.member_id, person.name) for person in people])
    typed = request.form if request.method == "POST" else None
    current = clock.month()
    return render(
        "dues/cash_form.html",
        block="content" if errors else None,
        status=status,
        sheet=sheet,
        rows=[
            _row(person, owing.get(person.member_id, []), saved.get(person.member_id), typed)
            for person in people
        ],
        apart=apart,
        ahead=[shifted(current, step) for step in range(1, 7)],
        current=current,
        day=typed.get("day", "") if typed else sheet.day.isoformat(),
        errors=errors or {},
    )


def _row(person: Any, owing: list[tuple[str, int]], saved: Any, typed: Any) -> dict[str, Any]:
    number = person.member_id
    total = sum(amount for _month, amount in owing)
    if typed is not None:
        ticked = typed.get(f"take-{number}") == "1"
        through, amount = typed.get(f"through-{number}", ""), typed.get(f"amount-{number}", "")
    elif saved is not None:
        ticked, through, amount = True, saved.through, yuan(saved.amount_fen)
    else:
        ticked, through, amount = False, owing[-1][0] if owing else "", ""
    due = accumulate(amount for _month, amount in owing)
    return {
        "id": number,
        "name": person.name,
        # What somebody pays who pays everything up to a month.
        "owing": [(month, sum_so_far) for (month, _amount), sum_so_far in zip(owing, due, strict=True)],
        "total": total,
        "ticked": ticked,
        "through": through,
        "amount": amount,
    }


def entries_of(sheet: DuesCashSheet) -> tuple[dict[int, service.Entry], dict[str, str]]:
    """Read what was ticked; an empty amount means: exactly what is owed through that month."""
    people, _more = branch_queries.lines(sheet.organization_id, clock.month(), limit=500)
    entries: dict[int, service.Entry] = {}
    errors: dict[str, str] = {}
    for person in people:
        number = person.member_id
        if request.form.get(f"take-{number}") != "1":
            continue
        try:
            entries[number] = _entry(number)
        except ValueError as wrong:
            errors[f"amount-{number}"] = _("%(name)s：%(why)s", name=person.name, why=str(wrong))
    return entries, errors


def _entry(member_id: int) -> service.Entry:
    known = statement(member_id)
    try:
        through = parse_month(request.form.get(f"through-{member_id}", "") or clock.month())
    except ValueError:
        raise ValueError(_("请选交到哪个月。")) from None
    choice = known.timeline.choice(through) if known else None
    text = tidy(request.form.get(f"amount-{member_id}", ""))
    if not text:
        if choice is None:
            raise ValueError(_("这几个月没有要交的，请写明收了多少，多的存作预交。"))
        return service.Entry(through=through, amount_fen=choice.total_fen)
    try:
        amount = money(text)
    except ValueError:
        raise ValueError(_("金额“%(text)s”看不懂，请写成19.30这样。", text=text[:20])) from None
    if not 0 < amount <= service.MAX_LINE_FEN:
        raise ValueError(_("金额要大于0。"))
    if known is not None and known.timeline.ask_branch_first:
        raise ValueError(_("有超过六个月没交的，请支部先核对。"))
    return service.Entry(through=through, amount_fen=amount)


def wrong_day(wrong: cash_days.WrongDay) -> str:
    """Return what to do about a day a sheet may not carry."""
    earliest = civil(wrong.earliest)
    if wrong.reason == "future":
        return _("不能写今天以后的日期。")
    if wrong.reason == "before_books":
        return _("支部从%(day)s起在这里登记，更早收的写在“党费缴至”里。", day=earliest)
    return ngettext(
        "现金单最多补记%(days)s天前的，最早写%(day)s。更早收的，请写今天的日期。",
        "现金单最多补记%(days)s天前的，最早写%(day)s。更早收的，请写今天的日期。",
        wrong.days,
        days=wrong.days,
        day=earliest,
    )


def money(text: str) -> int:
    """Return the fen in what somebody typed; also the way our own pages write sums, 5,254.45元."""
    plain = tidy(text).removeprefix("¥")
    return parse_yuan(plain.replace(",", "") if _GROUPED.fullmatch(plain) else plain)


def tidy(text: str) -> str:
    """Forgive spaces, full-width digits and a written unit (expectation 13)."""
    return unicodedata.normalize("NFKC", text).replace(" ", "").removesuffix("元").strip()
