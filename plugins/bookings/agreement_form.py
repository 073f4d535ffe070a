"""What is typed into an agreement's form, judged without the database but for the names of organizations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from portal.api import gettext as _

from . import typed
from .models import BookingsAgreement
from .models.agreement import GROUPS
from .models.place import WEEKDAYS
from .service.agreeing import Terms

#: Lines of hours the form has.
LINES = 4
KINDS = ("work", "off", *WEEKDAYS)


def read(form: Any, *, names: Mapping[str, int]) -> tuple[Terms | None, dict[str, str]]:
    """Return the terms typed, or what is wrong beside each field."""
    errors: dict[str, str] = {}
    first = _day(form, "valid_from", errors)
    last = _day(form, "valid_to", errors) if form.get("valid_to", "").strip() else None
    hours = _hours(form, errors)
    named = []
    for line in named_lines(form):
        if line not in names:
            errors["named"] = _("没找到“%(name)s”，请照登记的全称写，一行一个。", name=line[:40])
        else:
            named.append(names[line])
    party = form.get("party_b", "").strip()
    if errors or first is None:
        return None, errors
    return (
        Terms(
            valid_from=first,
            valid_to=last + timedelta(days=1) if last is not None else None,
            party_b_id=names.get(party),
            party_b_name=party,
            hours=hours,
            groups=[one for one in GROUPS if one in form.getlist("groups")],
            named_ids=named,
            cost=form.get("cost", ""),
            insurance=form.get("insurance", ""),
            clauses=form.get("clauses", ""),
        ),
        {},
    )


def named_lines(form: Any) -> list[str]:
    """Return the names of organizations typed, one a line."""
    return [line.strip() for line in form.get("named", "").splitlines() if line.strip()][:100]


def typed_of(row: BookingsAgreement, names: Mapping[int, str]) -> dict[str, Any]:
    """Return an agreement as the form shows it."""
    shown: dict[str, Any] = {
        "valid_from": row.valid_from.isoformat(),
        "valid_to": (row.valid_to - timedelta(days=1)).isoformat() if row.valid_to else "",
        "party_b": row.party_b_name,
        "groups": row.groups,
        "named": "\n".join(names[one] for one in row.named_ids if one in names),
        "cost": row.cost,
        "insurance": row.insurance,
        "clauses": row.clauses,
    }
    for number, window in enumerate(row.hours[:LINES]):
        shown[f"kind-{number}"] = str(window["kind"])
        for name in ("opens", "closes"):
            shown[f"{name}-{number}"] = f"{window[name] // 60:02d}:{window[name] % 60:02d}"
    return shown


def _day(form: Any, name: str, errors: dict[str, str]) -> Any:
    found = typed.day_of(form.get(name, ""))
    if found is None:
        errors[name] = _("日期看不懂，请写成2026-11-01这样。")
    return found


def _hours(form: Any, errors: dict[str, str]) -> Sequence[Mapping[str, Any]]:
    found = []
    for number in range(LINES):
        kind = form.get(f"kind-{number}", "")
        opens, closes = (form.get(f"{name}-{number}", "").strip() for name in ("opens", "closes"))
        if not kind and not opens and not closes:
            continue
        begins, stops = typed.minute(opens), typed.minute(closes)
        if kind not in KINDS or begins is None or stops is None or begins >= stops:
            errors[f"opens-{number}"] = _("请选哪天，再写从几点到几点，比如18:00到21:00。")
            continue
        found.append({"kind": kind, "opens": begins, "closes": stops})
    return found
