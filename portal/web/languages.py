"""Chinese is the source; other languages are catalogues beside the code: the core's, and one a plugin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from portal.config import ROOT
from portal.registry import outside

LANGUAGES = ("en",)
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None, "lazy_ngettext": (1, 2), "_n": (1, 2)}
_BEGAN = datetime(2026, 11, 21, tzinfo=UTC)
_SKIPPED = {"tests", "migrations", "translations", "__pycache__"}


def folders(root: Path = ROOT) -> list[Path]:
    """Return the catalogue folders: the core's first, then each plugin's."""
    plugins = sorted(path.parent for path in (root / "plugins").glob("*/__init__.py"))
    return [root / "portal" / "translations", *(plugin / "translations" for plugin in plugins)]


def catalogue(folder: Path, language: str) -> Path:
    """Return the file a translator edits."""
    return folder / language / "LC_MESSAGES" / "messages.po"


def elsewhere() -> list[Path]:
    """Return the catalogue folders of plugins that came as wheels."""
    return [package / "translations" for package in outside().values()]


def compiled(root: Path = ROOT, *, spare: Path) -> list[Path]:
    """Compile every catalogue that is newer than its compiled form; return the folders to read from.

    They lie beside their sources, or in ``spare`` where an image or another user owns the code.
    """
    found = []
    for folder in [*folders(root), *elsewhere()]:
        if not folder.is_dir():
            continue
        beside = _fresh(folder, folder) or _writable(folder)
        place = folder if beside else spare / folder.parent.name
        for language in LANGUAGES:
            if catalogue(folder, language).exists() and not _fresh(folder, place):
                _compile(catalogue(folder, language), catalogue(place, language).with_suffix(".mo"), language)
        found.append(place)
    return found


def _fresh(folder: Path, place: Path) -> bool:
    for language in LANGUAGES:
        source, target = catalogue(folder, language), catalogue(place, language).with_suffix(".mo")
        if source.exists() and (not target.exists() or target.stat().st_mtime_ns < source.stat().st_mtime_ns):
            return False
    return True


def _writable(folder: Path) -> bool:
    return all(os.access(catalogue(folder, language).parent, os.W_OK) for language in LANGUAGES)


def _compile(source: Path, target: Path, language: str) -> None:
    with source.open("rb") as file:
        found = read_po(file, locale=language)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: several processes may start at once.
    draft = target.with_name(f".messages.{os.getpid()}.mo")
    with draft.open("wb") as file:
        write_mo(file, found)
    draft.replace(target)


def sources(folder: Path, root: Path = ROOT) -> Iterator[Path]:
    """Yield the files whose strings a catalogue holds."""
    home = folder.parent
    places = [home, root / "templates"] if home.name == "portal" else [home]
    for place in places:
        for path in sorted([*place.rglob("*.py"), *place.rglob("*.html")]):
            if not _SKIPPED & set(path.relative_to(place).parts):
                yield path


def extracted(folder: Path, root: Path = ROOT) -> Catalog:
    """Return every string that the sources of a catalogue ask to be translated."""
    found = Catalog(project="service-center-portal", version="1", charset="utf-8")
    for path in sources(folder, root):
        method = "jinja2" if path.suffix == ".html" else "python"
        options = {"trimmed": "true"} if method == "jinja2" else {}
        for line, message, comments, context in extract_from_file(
            method, path, keywords=KEYWORDS, comment_tags=("NOTE:",), options=options
        ):
            # Only where it stands, without the line: a moved line is no change for a translator.
            where = path.relative_to(root).as_posix()
            found.add(message, locations=[(where, 0)], auto_comments=comments, context=context)
            del line
    return found


def update(folder: Path, language: str, root: Path = ROOT) -> tuple[int, int]:
    """Bring a catalogue up to its sources; return how many strings it has, and how many lack words."""
    path = catalogue(folder, language)
    fresh = extracted(folder, root)
    known = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=language)
    known.update(fresh, no_fuzzy_matching=True)
    known.obsolete.clear()
    # Nothing in the head that changes by itself.
    known.header_comment, known.fuzzy = f"# {folder.parent.name}, {language}", False
    known.creation_date = known.revision_date = _BEGAN
    known.project, known.version = "service-center-portal", "1"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, known, width=110, omit_header=False, include_lineno=False, sort_output=True)
    return len(known), sum(1 for one in known if one.id and not _said(one.string))


def _said(text: object) -> bool:
    return all(text) if isinstance(text, tuple | list) else bool(text)
