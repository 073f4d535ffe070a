"""The desk's registers, each with the pages that every register has."""

from __future__ import annotations

from portal.desk import ending  # noqa: F401  it hangs its pages in
from portal.desk.blueprint import desk
from portal.desk.members import Members
from portal.desk.organizations import Organizations
from portal.desk.pages import serve
from portal.desk.units import Units

for _register in (Members(), Organizations(), Units()):
    serve(_register)

__all__ = ["desk"]
