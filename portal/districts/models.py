"""Tables of the district tree, its switches and its settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Json, Model, UtcDateTime


class District(Model):
    """A place with a service center: province, city, county, town or park.

    ``code`` is a GB/T 2260 code, or a county's code with a suffix for a park (``340722-kfq``).
    ``path`` is ``/1/5/9/``: the ids from the root down to this one.
    """

    __tablename__ = "district"

    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("district.id"), index=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    path: Mapped[str] = mapped_column(String(200), index=True, default="")
    pinyin: Mapped[str] = mapped_column(String(400), default="")
    initials: Mapped[str] = mapped_column(String(100), default="")
    # What the page says about where the data comes from (demo districts).
    source_note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    is_demo: Mapped[bool] = mapped_column(default=False, server_default="0")

    __table_args__ = (
        CheckConstraint("kind in ('nation','province','city','county','town','park','area')", name="kind"),
    )

    @property
    def ancestor_ids(self) -> list[int]:
        """Return the ids from the root to this district, itself included."""
        return [int(part) for part in self.path.split("/") if part]


class PluginSwitch(Model):
    """An explicit switch of a plugin at a district; no row means inherit."""

    __tablename__ = "plugin_switch"

    id: Mapped[int] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("district.id"))
    plugin: Mapped[str] = mapped_column(String(32))
    on: Mapped[bool]
    locked: Mapped[bool] = mapped_column(default=False)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("district_id", "plugin"),)


class SettingValue(Model):
    """A setting's own value at a district; no row means inherit."""

    __tablename__ = "setting"

    id: Mapped[int] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("district.id"))
    key: Mapped[str] = mapped_column(String(80))
    value: Mapped[Any] = mapped_column(Json)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        UniqueConstraint("district_id", "key"),
        Index("ix_setting_key", "key"),
    )
