"""For whom a time is wanted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """For whom a time is wanted: an account, a member, an organization; ``staff`` may do more.

    ``host``: the venue's own staff let somebody in, which takes no agreement with anybody else.
    """

    account_id: int | None = None
    is_member: bool = False
    organization_id: int | None = None
    staff: bool = False
    host: bool = False
