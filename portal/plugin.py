"""What a plugin is, and the small frozen things it hands to the core. Imports nothing of the portal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, Protocol


class Plugin:
    """Base class of every plugin: metadata here, contributions as hook implementations.

    ``slug`` is the folder, the blueprint, and the prefix of its tables, templates, settings,
    permissions and jobs; that is checked when the plugin is loaded. ``name`` and ``description``
    are Chinese source strings (lazy).
    """

    slug: ClassVar[str]
    name: ClassVar[Any]
    description: ClassVar[Any]
    order: ClassVar[int] = 100
    version: ClassVar[str] = "0.1.0"
    portal: ClassVar[str] = ">=1,<2"
    on_by_default: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True, slots=True)
class DistrictRef:
    """A district as hooks see it; ``plugins_on`` is this request's set of switched-on slugs."""

    id: int
    code: str
    name: str
    kind: str
    path: str
    plugins_on: frozenset[str] = frozenset()
    source_note: str = ""
    is_demo: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberRef:
    """A member as hooks see it: no phone, no id, no decrypted field."""

    id: int
    uid: str
    person_id: int
    district_id: int
    name: str
    organization_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountRef:
    """An account as hooks see it, without phone; ``district_id`` is where it is at home, if anywhere."""

    id: int
    uid: str
    name: str
    district_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NavItem:
    """A place in the bottom bar (phone) or the left rail (desktop)."""

    key: str
    label: Any
    endpoint: str
    icon: str = "circle"
    order: int = 100
    staff: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """A card on the start page: one figure or sentence and where it leads."""

    key: str
    title: Any
    text: Any = ""
    value: str = ""
    url: str = ""
    action: Any = ""
    tone: str = "plain"
    order: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Todo:
    """Something that waits for this person."""

    key: str
    label: Any
    url: str
    count: int = 1
    due: date | None = None
    order: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """A lazily loaded panel on a member's page; ``url`` answers with a fragment."""

    key: str
    title: Any
    url: str
    order: int = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Hidden:
    """What switching a plugin off would hide: 「12个预约」."""

    text: Any
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Objection:
    """A reason to wait before an act on a member (transfer, merge, erase), an account or an organization."""

    code: str
    text: Any
    blocks: bool = True


class Journal(Protocol):
    """Carries out what a merge of two records changes, and remembers it, so that it can be undone.

    ``model`` is a table of the plugin's own with a ``district_id``; ``where`` are SQL conditions.
    """

    def change(self, model: Any, *where: Any, **values: Any) -> int:
        """Set ``values`` on the rows for which ``where`` holds; return how many."""
        ...

    def remove(self, model: Any, *where: Any) -> int:
        """Delete the rows for which ``where`` holds; return how many."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """What a plugin did, or must keep and why, when a person asked to be erased."""

    erased: int = 0
    kept: int = 0
    reason: Any = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Permission:
    """A permission ``<slug>.<verb>`` with the roles that have it unless a district overrides."""

    name: str
    label: Any
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """A declared setting ``<slug>.<name>``; an undeclared key raises.

    ``inherit=False`` keeps a parent's value from its children (merchant accounts).
    ``local=True`` marks a value no national source fixes: the screen says so. A whole number lies between
    ``least`` and ``most``; ``fen=True`` keeps an amount in fen, which people read and type in yuan;
    ``multiline`` gives a text several lines. ``check`` tells whether a value is a good one; ``help``
    then says what is.
    """

    key: str
    label: Any
    default: Any = None
    type: type = str
    help: Any = ""
    choices: tuple[tuple[str, Any], ...] = ()
    secret: bool = False
    inherit: bool = True
    local: bool = False
    source: str = ""
    least: int = 0
    most: int = 2**31 - 1
    multiline: bool = False
    fen: bool = False
    check: Callable[[Any], bool] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A background job ``<slug>.<name>``; ``every`` (seconds) makes it periodic.

    ``run(payload)`` is called with the scope of the job's district. ``per_district`` periodic jobs
    run once for each district where the plugin is on, ``always`` ignores the switch (money). ``due_in``
    says in which of them there is something to do now, by few cheap reads over all of them at once: it is
    asked once a period, with those districts to read, and the others are not visited.
    """

    name: str
    run: Callable[[Mapping[str, Any]], None]
    every: int | None = None
    per_district: bool = False
    always: bool = False
    due_in: Callable[[], Iterable[int]] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message on its way out: to whom, what, and the parts a channel with fixed templates needs.

    ``phone`` and ``openid`` (provider -> id) are the addresses known of this person; ``params`` are the
    values inside ``body``, in the order of the template's placeholders.
    """

    phone: str = ""
    openid: Mapping[str, str] = field(default_factory=dict)
    template: str
    title: str
    body: str
    params: Mapping[str, str] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A way to reach people; ``send(message, district)`` says what became of the message.

    It returns ``"sent"``, ``"rejected: why"`` (this channel will never deliver it: the next one is
    asked), ``"later: why"`` (definitely not sent, try again) or ``"unknown: why"`` (perhaps sent).
    It never raises for the neighbour's faults. With ``at_most_once`` an unknown outcome is not
    sent again by itself. ``lacking`` says to a person why this way cannot be used here yet ("" where it
    can): such a channel is neither chosen nor tried, and the page of choices says why.
    """

    key: str
    label: Any
    send: Callable[[Message, DistrictRef | None], str]
    order: int = 100
    at_most_once: bool = False
    lacking: Any = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetColumns:
    """Columns a plugin adds to a core sheet (``members``) and the verb that takes their values.

    ``columns`` are declarations of ``portal.sheets``; ``apply(member, values, actor)`` runs in the
    import's transaction for each written row, ``check(values)`` in the dry run. ``current(members)``
    returns what is known of these columns, ``{member id: {column: value}}``, so that the same sheet
    twice changes nothing. ``take_back(members, actor)`` undoes what ``apply`` did for members whose
    record is about to be taken back, or returns sentences why that cannot be; without it a batch with
    values in these columns cannot be undone. ``apply_new(rows, actor)`` takes ``[(member, values)]`` of
    records the import has just made, many at once; without it each goes to ``apply``.
    """

    sheet: str
    columns: tuple[Any, ...]
    apply: Callable[..., None]
    check: Callable[..., list[str]] | None = None
    current: Callable[..., Mapping[int, Mapping[str, Any]]] | None = None
    take_back: Callable[..., list[str]] | None = None
    apply_new: Callable[..., None] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """An implementation of a core Protocol, asked for with ``registry.require``.

    ``key`` tells several implementations of one Protocol apart (a payment purpose).
    """

    protocol: type
    implementation: Any
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A quarantined plugin: what failed, for the switchboard and ``portal plugins doctor``."""

    slug: str
    error: str
    where: str = "load"
    detail: str = field(default="", repr=False)
