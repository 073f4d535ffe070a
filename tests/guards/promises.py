"""Read docs/security.md: what it answers for, and whether the tests it names are run."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from portal.testing.promises import Row, faults, rows

#: The promises of this house, by number.
NUMBERS = tuple(str(number) for number in range(1, 39))
#: Ids of ASVS 5.0.0 that are answered for; a range of the standard's chapters 16.2 to 16.5 as a whole.
_IDS = (
    "1.2.1 1.2.4 1.2.10 1.3.1 1.3.6 1.5.1 2.2.2 2.3.1 2.3.3 2.3.4 2.4.1 3.2.1 3.3.1 3.3.2 3.3.3 3.3.4 "
    "3.4.1 3.4.3 3.4.4 3.4.5 3.4.6 3.5.1 3.5.3 3.7.2 4.1.3 5.2.1 5.2.2 5.2.3 5.3.2 5.4.1 5.4.2 6.1.1 "
    "6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.2.9 6.3.1 6.3.3 6.4.1 6.5.1 6.5.5 6.6.2 6.6.3 "
    "6.8.1 7.2.4 7.4.1 7.4.2 7.5.1 8.2.1 8.2.2 8.2.3 8.3.1 8.4.1 11.4.2 11.5.1 13.3.1 13.4.1 13.4.2 "
    "13.4.3 13.4.4 13.4.5 14.2.1 14.3.1 14.3.2 14.3.3 15.1.2 15.2.1 15.3.3 16.2 16.3 16.4 16.5"
)
ASVS = tuple(_IDS.split())
PROMISES, REQUIREMENTS = "The promises", "ASVS 5.0.0"
_LEANS = re.compile(r"\bpromises? (\d+(?:, \d+)*)")


def ids(row: Row) -> list[str]:
    """Return the numbers or ids a line answers for; none in the tables by subject."""
    return row.first.split(", ") if row.section in {PROMISES, REQUIREMENTS} else []


def problems(text: str, root: Path) -> list[str]:
    """Return what is wrong with the document, in words."""
    found, known = [], list(rows(text))
    for section, wanted in ((PROMISES, NUMBERS), (REQUIREMENTS, ASVS)):
        counted = Counter(one for row in known if row.section == section for one in ids(row))
        found += [f"{section}: {one} is missing" for one in wanted if not counted[one]]
        found += [
            f"{section}: {one} stands there {times} times" for one, times in counted.items() if times > 1
        ]
        found += [f"{section}: nobody knows {one}" for one in counted if one not in wanted]
    tested = {row.first for row in known if row.section == PROMISES and row.names_a_test}
    for row in known:
        where = f"{row.section}: {row.first[:50]}"
        leans = [number for group in _LEANS.findall(row.shown) for number in group.split(", ")]
        found += [
            f"{where}: leans on promise {one}, which names no test" for one in leans if one not in tested
        ]
        found += faults(row, root, shown_elsewhere=bool(leans))
    return found
