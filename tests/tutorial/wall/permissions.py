"""Who may do what, unless a district decides otherwise."""

from portal.api import Permission
from portal.api import lazy_gettext as _l

STAFF = frozenset({"desk", "registrar", "district_admin"})

PERMISSIONS = (
    Permission(name="wall.read", label=_l("看心愿墙"), roles=STAFF | {"member"}),
    Permission(name="wall.write", label=_l("写心愿"), roles=frozenset({"member"})),
    Permission(name="wall.grant", label=_l("认领和答复心愿"), roles=STAFF),
)
