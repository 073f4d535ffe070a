"""The rights of whoever has an account: a copy of it, and, where no record hangs on it, its deletion.

What hangs on a record is told by ``member_*``, what hangs on the login by ``account_*``: each row by one.
``ask`` reaches every installed plugin, switched on or off, in every district: an account belongs to none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import select, update

from portal import audit, clock, notices
from portal.current import registry
from portal.database import in_scope, session, swap, transaction
from portal.districts import context
from portal.districts.models import District
from portal.identity import claims, forgetting, people
from portal.identity.models import Account
from portal.jobs import enqueue
from portal.members import belongings, delegation_ends
from portal.members.models import Request, RequestStep
from portal.organizations import unmatched
from portal.organizations.service import NotAllowed
from portal.plugin import AccountRef, DistrictRef, Erasure, Objection
from portal.words import lazy_gettext as _

#: What the rooms above forget of an account; called in the transaction of the erasure, in each district.
_ALSO: list[Callable[[int], None]] = []


def also(function: Callable[[int], None]) -> Callable[[int], None]:
    """Declare what a room above the members keeps about an account (its id), and how it is forgotten."""
    _ALSO.append(function)
    return function


def ref(account: Account) -> AccountRef:
    """Return an account as hooks see it."""
    home = people.home(account.id)
    return AccountRef(
        id=account.id, uid=account.uid, name=account.display_name, district_id=home[0] if home else None
    )


def copy_of(account: Account) -> dict[str, Any]:
    """Return everything the portal holds about an account, in every district, for JSON (PIPL art. 45)."""
    found: dict[str, Any] = {"account": belongings.of_account(account)}
    found["districts"] = {}
    for here in _districts():
        parts = {**belongings.by_account(account, here.id), "plugins": _export(here, ref(account))}
        if any(parts.values()):
            found["districts"][here.code] = {"name": here.name, **parts}
    found["messages"] = belongings.messages(account.id)
    return found


def exported(account: Account) -> dict[str, dict[str, Any]]:
    """Return what plugins hold about an account, by district and slug; for the copy of a record's owner."""
    who = ref(account)
    found = {here.code: _export(here, who) for here in _districts()}
    return {code: parts for code, parts in found.items() if parts}


def _export(here: DistrictRef, who: AccountRef) -> dict[str, Any]:
    told = registry().ask("account_export", district=here, account=who)
    return {slug: part for slug, part in told.items() if part and any(part.values())}


def _districts() -> Iterator[DistrictRef]:
    """Yield every district, each while its rows may be read and written, and no other's."""
    for one in list(session.scalars(select(District.id).order_by(District.path))):
        with in_scope({one}, write=one):
            yield context.ref(one)


def objections(account: Account, act: str) -> list[Objection]:
    """Return every plugin's reasons to wait before ``act`` (erase) on an account."""
    who = ref(account)
    return [
        one
        for here in _districts()
        for found in registry().ask("account_objections", district=here, account=who, act=act).values()
        for one in found or ()
    ]


def refuse_objections(account: Account, act: str) -> None:
    """Stop an act on an account that some plugin cannot live with. Raises NotAllowed with every reason."""
    blocking = dict.fromkeys(str(one.text) for one in objections(account, act) if one.blocks)
    if blocking:
        raise NotAllowed("；".join(blocking))


def hindrance(account: Account) -> str | None:
    """Return why an account cannot be deleted by its holder, whatever plugins say, or None."""
    if account.person_id is not None:
        return str(_("这个账号对着党员登记，资料由服务台办理删除。"))
    if claims.holds_roles(account.id):
        return str(_("您还担任着工作角色。先请管理员收回，再来删除账号。"))
    return None


def rename(account: Account, *, name: str, version: int, actor: Any) -> None:
    """Put right how a resident is addressed (PIPL art. 46). Raises NotAllowed, Conflict."""
    refused = hindrance(account)
    if refused:
        raise NotAllowed(refused)
    if not 2 <= len(name) <= 40:
        raise NotAllowed(_("称呼要2到40个字。"), field="name")
    with transaction():
        swap(account, version=version, display_name=name)
        audit.record("account.rename", account, actor=actor, district=home_of(account))


def erase(account: Account, *, version: int, actor: Any) -> list[Erasure]:
    """Delete an account without a record: what may go goes, and what is kept is said with the reason.

    Raises:
        NotAllowed: a record or a role hangs on it, or a plugin objects.
        Conflict: it changed since the page was shown.
    """
    refused = hindrance(account)
    if refused:
        raise NotAllowed(refused)
    refuse_objections(account, "erase")
    home = home_of(account)
    with transaction():
        swap(account, version=version, disabled_at=clock.now())
        told = forget(account, by=actor)
        forgetting.forget_account(account.id, by=actor, district=home)
        audit.record("account.erase", account, actor=actor, district=home)
        enqueue("members.overwrite", {}, dedupe_key=f"members.overwrite:account:{account.id}")
    return told


def forget(account: Account, *, by: Any) -> list[Erasure]:
    """Let every plugin and room forget an account, in every district; joins the caller's transaction."""
    who = ref(account)
    told: list[Erasure] = []
    for here in _districts():
        told += registry().ask("account_erase", district=here, account=who).values()
        delegation_ends.forget_helper(account.id)
        _requests(account.id, by=by)
        if account.phone_index is not None:
            unmatched.forget_phones([account.phone_index])
        for function in _ALSO:
            function(account.id)
    if account.phone_index is not None:
        notices.forget_numbers([account.phone_index])
    return told


def _requests(account_id: int, *, by: Any) -> None:
    """Take an account's own open requests back, and empty what it wrote in all of them."""
    # Those about a record go with the record.
    own = select(Request.id).where(Request.asked_by == account_id, Request.member_id.is_(None))
    open_ = update(Request).where(Request.id.in_(own), Request.state == "open")
    session.execute(open_.values(state="withdrawn", answered_at=clock.now()))
    mine = list(session.scalars(own))
    values: Mapping[str, Any] = {"subject": "", "payload": {}, "version": Request.version + 1}
    session.execute(update(Request).where(Request.id.in_(mine)).values(**values))
    session.execute(update(RequestStep).where(RequestStep.request_id.in_(mine)).values(note=""))


def home_of(account: Account) -> int | None:
    """Return the district in whose trail acts on an account stand: its home, wherever the page was opened."""
    found = people.home(account.id)
    return found[0] if found else None
