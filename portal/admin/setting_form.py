"""A form made of declarations: for each setting inherit or an own value, checked by its type."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.admin import configuring, setting_words, switchboard
from portal.current import registry
from portal.database import Conflict, transaction
from portal.districts import service, settings
from portal.districts.queries import ids_of
from portal.districts.setting_values import BadValue, as_typed, typed
from portal.plugin import DistrictRef, Setting
from portal.words import gettext as _
from portal.words import lazy_gettext

INHERIT, OWN = "inherit", "own"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One setting of the form, as it stands or as it was typed."""

    setting: Setting
    id: str
    #: In words: what holds here and where it comes from, and what inheriting would bring.
    value: str
    source: str
    above: str
    above_source: str
    #: What is chosen: ``inherit``, ``own``, or the value of a choice.
    chosen: str
    text: str
    is_set: bool
    error: str = ""

    @property
    def options(self) -> list[tuple[str, Any]]:
        """Return the values to choose from; empty where something is typed."""
        if self.setting.choices:
            return [(f"={choice}", words) for choice, words in self.setting.choices]
        if self.setting.type is bool:
            return [("=1", _("是")), ("=0", _("否"))]
        return []


@dataclass(frozen=True, kw_only=True)
class Group:
    """The settings of the core or of one plugin."""

    owner: str
    name: Any
    on: bool
    fields: tuple[Field, ...]
    seen: str


def owners(here: DistrictRef) -> dict[str, tuple[Any, bool]]:
    """Return who declares settings: slug -> (name, on here?), the core first."""
    declaring = {key.partition(".")[0] for key in settings.declared()}
    found: dict[str, tuple[Any, bool]] = {"core": (lazy_gettext("中心"), True)}
    for slug in registry().ordered():
        if slug in declaring:
            found[slug] = (registry().plugins[slug].name, slug in here.plugins_on)
    return found


def group(here: DistrictRef, owner: str, sent: Mapping[str, str] | None = None) -> Group:
    """Return an owner's settings here; with ``sent`` as they were typed, with what is wrong."""
    name, on = owners(here)[owner]
    names = switchboard.names_of(ids_of(here.path))
    fields = tuple(_field(here, setting, names, sent) for setting in _of(owner))
    return Group(owner=owner, name=name, on=on, fields=fields, seen=fingerprint(here, owner))


def save(here: DistrictRef, owner: str, sent: Mapping[str, str], *, seen: str, actor: Any) -> int:
    """Change what was typed differently; return how many settings changed.

    Raises:
        Conflict: somebody changed one of them since the form was read.
        BadValue: the form has faults; ``group`` names them.
    """
    with transaction():
        service.hold(here.id)
        settings.forget()
        if fingerprint(here, owner) != seen:
            raise Conflict
        values = {}
        for setting in _of(owner):
            origin, _kept = settings.standing(here, setting)
            keep, value = _value(setting, sent, is_set=origin == here.id)
            if not keep:
                values[setting.key] = value
        return sum(configuring.change(here.id, key, value, actor=actor) for key, value in values.items())


def fingerprint(here: DistrictRef, owner: str) -> str:
    """Return what tells whether an owner's own values here are still those a form was made of."""
    own = []
    for setting in _of(owner):
        origin, kept = settings.standing(here, setting)
        own.append([setting.key, kept if origin == here.id else None, origin == here.id])
    return hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:20]


def _of(owner: str) -> list[Setting]:
    return [one for key, one in settings.declared().items() if key.partition(".")[0] == owner]


def _field(
    here: DistrictRef, setting: Setting, names: dict[int, str], sent: Mapping[str, str] | None
) -> Field:
    origin, kept = settings.standing(here, setting)
    above, kept_above = settings.standing(here, setting, above=True)
    own = origin == here.id
    value = setting.default if origin is None else kept
    chosen, text, error = INHERIT, "", ""
    if sent is not None:
        chosen, text = sent.get(f"set.{setting.key}", ""), sent.get(f"value.{setting.key}", "")
        try:
            _value(setting, sent, is_set=own)
        except BadValue as bad:
            error = _said(setting, bad)
    elif own and (setting.choices or setting.type is bool):
        chosen = f"={int(kept) if isinstance(kept, bool) else kept}"
    elif own:
        chosen, text = OWN, "" if setting.secret else as_typed(setting, kept)
    return Field(
        setting=setting,
        id=setting.key.replace(".", "-"),
        value=setting_words.words(setting, value),
        source=setting_words.source(here.id, origin, names),
        above=setting_words.words(setting, setting.default if above is None else kept_above),
        above_source=setting_words.source(here.id, above, names),
        chosen=chosen,
        text="" if setting.secret else text,
        is_set=own,
        error=error,
    )


def _value(setting: Setting, sent: Mapping[str, str], *, is_set: bool) -> tuple[bool, Any]:
    """Return (leave it as it is?, the own value or None) of one setting. Raises: BadValue."""
    chosen, text = sent.get(f"set.{setting.key}", ""), sent.get(f"value.{setting.key}", "")
    if chosen == INHERIT:
        if text.strip():
            raise BadValue("both")
        return False, None
    if setting.choices or setting.type is bool:
        if not chosen.startswith("="):
            raise BadValue("choice")
        return False, typed(setting, chosen[1:])
    if chosen != OWN:
        raise BadValue("choice")
    if setting.secret and not text.strip():
        if is_set:
            return True, None
        raise BadValue("empty")
    return False, typed(setting, text)


def _said(setting: Setting, bad: BadValue) -> str:
    if bad.reason == "both":
        return _("填了内容就请选“本级自己定”；要跟随上级就把填的删掉。")
    if bad.reason == "empty":
        return _("请填写，或选“跟随上级”。")
    return setting_words.wrong(setting, bad)
