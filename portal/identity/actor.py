"""Who acts: the account, its member record in this district, and what it may do where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from portal.identity import permissions
from portal.identity.models import STAFF_ROLES


@dataclass(frozen=True, slots=True)
class Held:
    """A role in force today; ``path`` is the organization's path, or None for the whole district."""

    role: str
    path: str | None = None
    organization_id: int | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a permission holds: the whole district, or below some organizations' paths."""

    everywhere: bool = False
    paths: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.paths)

    def covers(self, path: str | None) -> bool:
        """Tell whether a record at an organization's ``path`` is within reach."""
        return self.everywhere or any((path or "").startswith(own) for own in self.paths)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody logged in, seen from one district (or from none). Also Flask-Login's user."""

    account_id: int | None = None
    uid: str = ""
    display_name: str = ""
    person_id: int | None = None
    member_id: int | None = None
    member_uid: str = ""
    organization_id: int | None = None
    session_id: int | None = None
    elder: bool = False
    language: str = "zh"
    held: tuple[Held, ...] = ()
    plugins_on: frozenset[str] = frozenset()
    overrides: Mapping[tuple[str, str], bool] = field(default_factory=dict, repr=False)

    @property
    def is_authenticated(self) -> bool:
        return self.account_id is not None

    is_active = is_authenticated

    @property
    def is_anonymous(self) -> bool:
        return self.account_id is None

    @property
    def is_staff(self) -> bool:
        """Tell whether any role above a plain member is held here."""
        return any(held.role in STAFF_ROLES for held in self.held)

    @property
    def roles(self) -> frozenset[str]:
        """Return the roles in force here, the implied ones included."""
        implied = set()
        if self.is_authenticated:
            implied.add("resident")
        if self.member_id is not None:
            implied.add("member")
        return frozenset(implied | {held.role for held in self.held})

    def get_id(self) -> str:
        """Return the account's public id (Flask-Login)."""
        return self.uid

    def reach(self, permission: str) -> Reach:
        """Return where this actor has ``permission`` (a declared name, else KeyError)."""
        allowed = permissions.roles_allowed(permission, plugins_on=self.plugins_on, overrides=self.overrides)
        if not self.is_authenticated:
            return Reach()
        if allowed & (self.roles - {held.role for held in self.held}):
            return Reach(everywhere=True)
        paths = []
        for held in self.held:
            if held.role in allowed:
                if held.path is None:
                    return Reach(everywhere=True)
                paths.append(held.path)
        return Reach(paths=tuple(paths))

    def can(self, permission: str, at: str | None = None) -> bool:
        """Tell whether the actor may, at an organization's path; ``at=None`` asks: anywhere here?"""
        found = self.reach(permission)
        return bool(found) if at is None else found.covers(at)


ANONYMOUS = Actor()
