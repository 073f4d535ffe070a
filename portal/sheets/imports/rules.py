"""What the facts of a member must agree on (domain.md §8.1, §8.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from portal import clock
from portal.members.models import MEMBER_STAGES
from portal.sheets.rows import Row
from portal.sheets.values.numbers import birth_of, sex_of
from portal.words import lazy_gettext as _


def years_after(day: date, years: int) -> date:
    """Return the same day ``years`` later; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def complete(row: Row, known: Mapping[str, Any]) -> None:
    """Take sex and birth from the id where neither sheet nor record says them; warn where they differ.

    The birth date of the personnel file counts, so a difference never refuses.
    """
    ric, values = row.values["ric"], row.values
    born, sex = birth_of(ric), sex_of(ric)
    if "birth_date" not in known:
        values.setdefault("birth_date", born)
    if "sex" not in known:
        values.setdefault("sex", sex)
    given = values.get("birth_date", born)
    # a month without a day was written as its first day
    if given != born and given != born.replace(day=1):
        row.warnings.append(_("出生日期和身份证号不一致，按填写的登记，请核对档案。"))
    if values.get("sex", sex) != sex:
        row.warnings.append(_("性别和身份证号不一致，按填写的登记，请核对。"))


def check(row: Row, known: dict[str, Any]) -> None:
    """Refuse dates that cannot be; ``known`` are the record's values with the row's over them."""
    born, joined, full = known.get("birth_date"), known.get("joined_on"), known.get("full_on")
    stage, today = known.get("stage"), clock.today()
    for label, day in (("出生日期", born), ("加入党组织日期", joined), ("转为正式党员日期", full)):
        if day and day > today:
            row.refuse(_("%(label)s在今天之后，请核对。", label=label))
    if joined and born and joined < years_after(born, 18):
        row.refuse(_("加入党组织时不满18周岁，请核对出生日期和加入党组织日期。"))
    if stage in MEMBER_STAGES and not joined:
        row.warnings.append(_("没有加入党组织日期，请以后补上。"))
    if full and stage != "full":
        row.refuse(_("还不是正式党员，却填了转为正式党员日期，请核对。"))
    if full and joined and full < joined:
        row.refuse(_("转为正式党员日期早于加入党组织日期，请核对。"))
    elif full and joined and full < years_after(joined, 1):
        # before 1977 there were years without probation: the file decides
        row.warnings.append(_("转正距入党不满一年，请核对档案。"))
    if known.get("lost_contact_on") and not known.get("lost_contact"):
        row.warnings.append(_("填了失去联系日期，但没有标为失联党员。"))
