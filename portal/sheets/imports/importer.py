"""What each kind of import must know: its columns, how a row is judged, written and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from portal.plugin import DistrictRef
from portal.sheets.dryrun import difference
from portal.sheets.profiles import Profile
from portal.sheets.rows import Row, Verdict
from portal.sheets.values.text import compact
from portal.words import lazy_gettext as _


@dataclass(frozen=True, kw_only=True)
class Written:
    """What a row became: the record, its version after the write, and the values before (None: it is new)."""

    row: Row
    target_id: int
    version: int
    before: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Applied:
    """A written row of a committed batch, for taking it back."""

    number: int
    target_id: int
    version: int
    before: dict[str, Any] | None


class Importer(Protocol):
    """One import in one district. Nothing of another district is ever matched or shown."""

    kind: ClassVar[str]
    #: Judged rows stay good when the transaction that read them has ended: records of the register are only
    #: held in ``Row.target``, which ``write`` reads anew.
    ahead: ClassVar[bool]
    profile: Profile

    def __init__(self, district: DistrictRef, actor: Any) -> None: ...

    def prepare(self, rows: Sequence[Row]) -> None:
        """See all readable rows of the sheet before the first one is judged."""

    @property
    def names(self) -> Mapping[str, Mapping[str, Sequence[Any]]]:
        """Return what some columns name: column -> ``key`` of a name -> the records of that name."""

    def check(self, rows: Sequence[Row]) -> None:
        """Judge rows: set verdict, changes and target, or refuse with reasons."""

    def known(self, records: Sequence[Any]) -> dict[int, dict[str, Any]]:
        """Read records as the sheet would say them, by their ids; what is empty is left out."""

    def columns(self, values: dict[str, Any]) -> dict[str, Any]:
        """Turn what a sheet says into what the verbs take; the names in it must have been found."""

    def also(self, rows: Sequence[Row]) -> None:
        """Say what else is wrong in rows with unreadable cells, so that nobody mends a row twice."""

    def write(self, rows: Sequence[Row]) -> list[Written]:
        """Write judged rows in the caller's transaction."""

    def take_back(self, applied: Sequence[Applied]) -> list[Any]:
        """Undo written rows in the caller's transaction; return reasons where something leans on them."""

    def title(self, row: Row) -> str:
        """Name a row for lists."""


def key(name: str) -> str:
    """Reduce a name to what two spellings of it share: width, spaces, brackets, case."""
    return compact(name).replace("（", "(").replace("）", ")").lower()


def judge(profile: Profile, row: Row, old: Mapping[str, Any] | None) -> None:
    """Set the verdict of a row that nothing speaks against: new, changed (which fields) or same."""
    if row.reasons:
        return
    if old is None:
        row.verdict = Verdict.NEW
        return
    row.changes = difference(profile, old, {k: v for k, v in row.values.items() if k != "number"})
    row.verdict = Verdict.CHANGED if row.changes else Verdict.SAME


def misnamed(label: str, name: str, count: int, names: Iterable[str] = ()) -> Any:
    """Say why a name that fits ``count`` records here names none; nothing when it fits exactly one.

    ``names`` are the names there are: those that hold all the characters of a short one are offered.
    """
    if count == 1:
        return None
    return ambiguous(label, name, count) if count else unknown(label, name, near(name, names))


def near(name: str, names: Iterable[str], *, most: int = 3) -> list[str]:
    """Return names in which the characters of ``name`` stand in its order, none when there are many."""
    said = key(name)
    found = [one for one in dict.fromkeys(names) if _within(said, key(one))]
    return found if len(found) <= most else []


def _within(short: str, long: str) -> bool:
    rest = iter(long)
    return all(character in rest for character in short)


def ambiguous(label: str, name: str, count: int) -> Any:
    """Say that a name fits several records."""
    return _(
        "%(label)s“%(name)s”在本地有%(count)s个，分不清是哪一个，请写全称或先合并。",
        label=label,
        name=name,
        count=count,
    )


def unknown(label: str, name: str, like: Sequence[str] = ()) -> Any:
    """Say that a name fits nothing here, and which names it may mean."""
    if like:
        return _(
            "%(label)s“%(name)s”在本地没有登记，是不是“%(like)s”？请写全称。",
            label=label,
            name=name,
            like="”“".join(like),
        )
    return _("%(label)s“%(name)s”在本地没有登记，请核对全称。", label=label, name=name)


def changed_since() -> Any:
    """Say that a record was changed after the import."""
    return _("导入以后又有人改过。")
