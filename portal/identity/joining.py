"""Residents open an account themselves: where they may, and how a proven number and a name become one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select, table
from sqlalchemy.sql import column

from portal.database import everything, session, transaction
from portal.districts import context, settings
from portal.districts import queries as districts
from portal.districts.models import District, PluginSwitch, SettingValue
from portal.districts.switch import Row, plugins_on
from portal.identity import accounts, codes, people, permissions
from portal.identity.accounts import AccountRefused
from portal.identity.codes import Joining
from portal.identity.login_models import LoginCode
from portal.identity.models import Account, RolePermission
from portal.plugin import DistrictRef

SETTING = "core.residents_may_join"
ROLE = "resident"
#: So many accounts one number opens by itself: a family with one telephone. More at the desk.
MOST = 5

# Owned by the organizations room above; only this column is read here: districts with a desk.
_CENTER = table("service_center", column("district_id"))
_PLACE = re.compile(r"/d/([^/?#]+)(?:[/?#]|$)")


@dataclass(frozen=True, slots=True)
class Place:
    """A district in which a resident may open an account."""

    code: str
    name: str


def useful(on: frozenset[str], overrides: Mapping[tuple[str, str], bool]) -> bool:
    """Tell whether some service switched on lets a resident do anything: else an account is of no use."""
    return any(
        ROLE in permissions.roles_allowed(name, plugins_on=on, overrides=overrides)
        for name in permissions.declared()
        if not name.startswith("core.")
    )


def offered(here: DistrictRef, overrides: Mapping[tuple[str, str], bool]) -> bool:
    """Tell whether residents may open an account in a district."""
    return bool(settings.get(here, SETTING)) and useful(here.plugins_on, overrides)


def place_of(path: str) -> str:
    """Return the code of the district a local path lies in, or nothing."""
    found = _PLACE.match(path)
    return found[1] if found else ""


def places(code: str = "") -> list[Place]:
    """Return where residents may open an account: of all districts with a desk, or of the one of ``code``.

    Four queries, however many districts there are.
    """
    wanted = select(District.id, District.code, District.name, District.path).order_by(District.path)
    if code:
        wanted = wanted.where(District.code == code)
    else:
        wanted = wanted.where(District.id.in_(select(_CENTER.c.district_id)))
    with everything():  # whoever comes in is in no district yet; names only, as on the first page
        found = session.execute(wanted).all()
        if not found:
            return []
        switches = [
            Row(row.district_id, row.plugin, row.on, row.locked)
            for row in session.execute(
                select(PluginSwitch.district_id, PluginSwitch.plugin, PluginSwitch.on, PluginSwitch.locked)
            )
        ]
        said = select(SettingValue.district_id, SettingValue.value).where(SettingValue.key == SETTING)
        values = {row.district_id: row.value for row in session.execute(said)}
        decided = select(RolePermission.district_id, RolePermission.permission, RolePermission.allowed)
        overrides: dict[int, dict[tuple[str, str], bool]] = {}
        for one in session.execute(decided.where(RolePermission.role == ROLE)):
            overrides.setdefault(one.district_id, {})[ROLE, one.permission] = one.allowed
    defaults = context.defaults()
    default = settings.declared()[SETTING].default
    open_ = []
    for row in found:
        path = districts.ids_of(row.path)
        wish = next((values[one] for one in reversed(path) if one in values), default)
        if wish and useful(plugins_on(defaults, path, switches), overrides.get(row.id, {})):
            open_.append(Place(row.code, row.name))
    return open_


def tidy_name(typed: str) -> str:
    """Return a name as it is kept: full-width letters and spaces put right, nothing invisible in it."""
    plain = "".join(
        " " if unicodedata.category(one).startswith("Z") else one
        for one in unicodedata.normalize("NFKC", typed)
        if not unicodedata.category(one).startswith("C") or one in "\t\n\r"
    )
    return " ".join(plain.split())


def claims_first(row: LoginCode, joining: Joining) -> bool:
    """Tell whether a record under the number bears the name: its owner claims it, and is nobody's twin."""
    return any(people.same_name(name, joining.name) for name in people.names_waiting(row.phone_index))


def known_as(row: LoginCode, joining: Joining) -> int | None:
    """Return the account of that name under the number, one that is open before one that is disabled."""
    found = select(Account.id, Account.display_name, Account.disabled_at)
    rows = session.execute(found.where(Account.phone_index == row.phone_index).order_by(Account.id)).all()
    mine = [one for one in rows if people.same_name(one.display_name, joining.name)]
    return min(mine, key=lambda one: one.disabled_at is not None).id if mine else None


def refusal(row: LoginCode) -> str | None:
    """Return why a number opens no further account by itself: ``stopped``, ``many``, or None.

    Where one behind it is disabled, another name is no way round; the other half of a couple asks the desk.
    """
    found = people.behind(row.phone_index).accounts
    if any(one.stopped for one in found):
        return "stopped"
    return "many" if len(found) >= MOST else None


def open_own(row: LoginCode, joining: Joining) -> int:
    """Open the account of somebody who proved a number; return its id.

    Joins the caller's transaction, which holds ``accounts.in_line``. Raises ``AccountRefused``: what
    ``refusal`` says, ``name`` or ``phone``.
    """
    fault = refusal(row)
    if fault:
        raise AccountRefused(fault)
    with transaction():
        made, _new = accounts.open_account(
            name=joining.name,
            phone=codes.phone_of(row),
            username=None,
            password=None,
            by=None,
            home_id=joining.home_id,
        )
    return made.id
