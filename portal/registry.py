"""Find, load and quarantine plugins; the four calls collect, ask, tell, require. No Flask in it."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import re
import traceback
from collections.abc import Callable, Iterable
from functools import partial
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pluggy

from portal import API_VERSION, hookspecs
from portal.pace import Pace
from portal.plugin import Broken, DistrictRef, Plugin, Service
from portal.tracing import asked

log = logging.getLogger("portal.registry")

#: Hooks that reach every installed plugin, on or off: a person's rights, and what may not be left behind.
UNSWITCHED = {
    "account_export",
    "account_erase",
    "account_objections",
    "member_export",
    "member_erase",
    "member_objections",
    "member_merged",
    "member_unmerge_objections",
    "member_unmerged",
    "member_moved",
    "organization_objections",
}
SLUG = re.compile(r"^[a-z][a-z0-9_]{1,30}$")


class NotAvailable(LookupError):
    """No loaded plugin offers the wanted service."""


class PluginUnavailable(RuntimeError):
    """A plugin with data is not loaded, so a question about a person's rights has no full answer."""


class Registry:
    """The loaded plugins of one process."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.plugins: dict[str, Plugin] = {}
        self.broken: dict[str, Broken] = {}
        #: Those with tables that were not loaded, because somebody said so.
        self.left_out: set[str] = set()
        self.services: list[tuple[str, Service]] = []
        self.pace = Pace()
        self.on_failure: Callable[[str, str, DistrictRef | None, BaseException], None] = _log_failure
        self._manager = pluggy.PluginManager("portal")
        self._manager.add_hookspecs(hookspecs)

    # --- loading ------------------------------------------------------------------------------

    def load(self, *, package: str = "plugins", exclude: Iterable[str] = (), safe_mode: bool = False) -> None:
        """Load every plugin folder of ``package`` and every ``portal.plugins`` entry point.

        A failure quarantines that plugin; with ``strict`` (tests, development) it raises. In safe mode
        none is loaded.
        """
        unwanted = set(exclude)
        for slug, find in self._candidates(package):
            if safe_mode or slug in unwanted:
                if _has_schema(package, slug):
                    self.left_out.add(slug)
                continue
            try:
                self._admit(slug, find())
            except Exception as error:
                self.quarantine(slug, error, where="load")
        try:
            self._manager.check_pending()
        except pluggy.PluginValidationError as error:
            self.quarantine(getattr(error.plugin, "slug", "?"), error, where="hooks")

    def _candidates(self, package: str) -> list[tuple[str, Callable[[], Plugin]]]:
        root = importlib.import_module(package)
        found: dict[str, Callable[[], Plugin]] = {}
        for info in pkgutil.iter_modules(root.__path__):
            if info.ispkg:
                found[info.name] = partial(_plugin_of, f"{package}.{info.name}")
        for entry in entry_points(group="portal.plugins"):
            found.setdefault(entry.name, entry.load)
        return sorted(found.items())

    def _admit(self, slug: str, plugin: Plugin) -> None:
        if not isinstance(plugin, Plugin):
            raise TypeError(f"{slug}: `plugin` must be an instance of portal.api.Plugin")
        if plugin.slug != slug or not SLUG.match(slug):
            raise ValueError(f"{slug}: slug {plugin.slug!r} must equal the folder's name")
        for wanted in ("name", "description", "version"):
            if not getattr(plugin, wanted, None):
                raise ValueError(f"{slug}: {wanted} is missing")
        shared = overlapping(slug, self.plugins)
        if shared:
            raise ValueError(f"{slug}: tables of {shared!r} would carry its prefix too, choose another slug")
        if not _compatible(plugin.portal):
            raise ValueError(
                f"{slug}: wants portal API {plugin.portal}, this is {API_VERSION}; "
                "install another version of the plugin, or of the portal"
            )
        self._manager.register(plugin, name=slug)
        self.plugins[slug] = plugin
        try:
            for service in self.of(slug, "register_services"):
                self.services.append((slug, service))
        except Exception:
            self._forget(slug)
            raise

    def quarantine(self, slug: str, error: BaseException, *, where: str) -> None:
        """Take a plugin out of service and remember why."""
        if self.strict:
            raise error
        detail = "".join(traceback.format_exception(error))
        self.broken[slug] = Broken(
            slug=slug, error=f"{type(error).__name__}: {error}", where=where, detail=detail
        )
        log.error("plugin %s quarantined (%s)", slug, where, exc_info=error)
        self._forget(slug)

    def _forget(self, slug: str) -> None:
        self.plugins.pop(slug, None)
        self.services = [(owner, service) for owner, service in self.services if owner != slug]
        if self._manager.has_plugin(slug):
            self._manager.unregister(name=slug)

    # --- start-up hooks -----------------------------------------------------------------------

    def of(self, slug: str, hook: str) -> list[Any]:
        """Return what one plugin contributes to a start-up hook."""
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin_name == slug:
                return list(implementation.function() or ())
        return []

    def each(self, hook: str) -> Iterable[tuple[str, list[Any]]]:
        """Ask a start-up hook of every plugin in its own ``try``; a failure quarantines that plugin."""
        for slug in self.ordered():
            try:
                yield slug, self.of(slug, hook)
            except Exception as error:
                self.quarantine(slug, error, where=hook)

    def ordered(self) -> list[str]:
        """Return the loaded slugs by ``order``, then slug."""
        return sorted(self.plugins, key=lambda slug: (self.plugins[slug].order, slug))

    def folders(self) -> dict[str, Path]:
        """Return the package folder of each loaded plugin."""
        found = {}
        for slug in self.ordered():
            module = importlib.import_module(type(self.plugins[slug]).__module__.removesuffix(".plugin"))
            if module.__file__:
                found[slug] = Path(module.__file__).parent
        return found

    # --- run-time hooks -----------------------------------------------------------------------

    def implementers(self, hook: str) -> list[tuple[str, Callable[..., Any]]]:
        """Return (slug, function) of each implementation, in the order results are shown."""
        found = {i.plugin_name: i for i in getattr(self._manager.hook, hook).get_hookimpls()}
        return [(slug, _by_name(found[slug])) for slug in self.ordered() if slug in found]

    def collect(self, hook: str, *, district: DistrictRef, **arguments: Any) -> list[Any]:
        """Gather display items of the plugins switched on here; one that fails, or rests, is left out."""
        gathered: list[Any] = []
        for slug, call in self.implementers(hook):
            if slug not in district.plugins_on or self.pace.rests(slug, hook):
                continue
            try:
                # The whole list first: a generator that breaks half-way shows nothing of itself.
                given = {"district": district, **arguments}
                with self.pace.measured(slug, hook):
                    gathered += list(asked(hook, slug, call, given) or ())
            except Exception as error:
                if self.strict:
                    raise
                self.on_failure(slug, hook, district, error)
        return sorted(gathered, key=lambda item: getattr(item, "order", 100))

    def ask(self, hook: str, *, district: DistrictRef, **arguments: Any) -> dict[str, Any]:
        """Ask for decisions, by slug; errors propagate, so nothing is half done.

        Raises:
            PluginUnavailable: a plugin with data that is not loaded cannot answer about a person's rights.
        """
        if hook in UNSWITCHED and (self.broken or self.left_out):
            raise PluginUnavailable(", ".join(sorted({*self.broken, *self.left_out})))
        answers = {}
        for slug, call in self.implementers(hook):
            if hook in UNSWITCHED or slug in district.plugins_on:
                answer = asked(hook, slug, call, {"district": district, **arguments})
                answers[slug] = list(answer) if hasattr(answer, "__next__") else answer
        return answers

    def tell(self, hook: str, slug: str, *, district: DistrictRef, **arguments: Any) -> None:
        """Deliver one event to one plugin; ``portal.jobs`` calls this and retries."""
        for name, call in self.implementers(hook):
            if name == slug:
                asked(hook, slug, call, {"district": district, **arguments})

    # --- services -----------------------------------------------------------------------------

    def require(self, protocol: type, key: str = "") -> Any:
        """Return the registered implementation of a Protocol.

        Raises:
            NotAvailable: nobody offers it.
        """
        for _slug, service in self.services:
            if service.protocol is protocol and service.key == key:
                return service.implementation
        raise NotAvailable(f"{protocol.__name__} {key}".strip())


def outside() -> dict[str, Path]:
    """Return slug -> package folder of every plugin that came as a wheel; none of them is imported for it."""
    found = {}
    for entry in entry_points(group="portal.plugins"):
        first, *deeper = entry.module.removesuffix(".plugin").split(".")
        spec = find_spec(first)
        if spec is not None and spec.submodule_search_locations:
            found[entry.name] = Path(spec.submodule_search_locations[0]).joinpath(*deeper)
    return found


def _has_schema(package: str, slug: str) -> bool:
    """Tell, without importing it, whether a plugin has tables."""
    places = [Path(place) / slug for place in importlib.import_module(package).__path__]
    places += [folder for name, folder in outside().items() if name == slug]
    return any((place / "migrations").is_dir() for place in places)


def overlapping(slug: str, others: Iterable[str]) -> str:
    """Return a slug among ``others`` that is the beginning of this one or begins with it, or "".

    Names carry their owner as a prefix: of ``a`` and ``a_b``, whose table is ``a_b_note``?
    """
    for other in others:
        if other != slug and (other.startswith(f"{slug}_") or slug.startswith(f"{other}_")):
            return other
    return ""


def _plugin_of(module: str) -> Plugin:
    found: Plugin = importlib.import_module(module).plugin
    return found


def _by_name(implementation: Any) -> Callable[..., Any]:
    wanted = implementation.argnames

    def call(**arguments: Any) -> Any:
        return implementation.function(**{name: arguments[name] for name in wanted})

    return call


def _compatible(wanted: str) -> bool:
    version = tuple(int(part) for part in API_VERSION.split("."))
    for clause in wanted.split(","):
        match = re.fullmatch(r"\s*(>=|<|==)\s*([\d.]+)\s*", clause)
        if not match:
            return False
        other = tuple(int(part) for part in match[2].split("."))
        have = version[: len(other)]
        if not {">=": have >= other, "<": have < other, "==": have == other}[match[1]]:
            return False
    return True


def _log_failure(slug: str, hook: str, district: DistrictRef | None, error: BaseException) -> None:
    log.error(
        "hook %s of plugin %s failed in district %s",
        hook,
        slug,
        district.code if district else "-",
        exc_info=error,
    )
