"""Write a new plugin from the skeleton: whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from portal.web import languages

SKELETON = Path(__file__).parent / "skeleton"
#: What would end a string or begin a placeholder in one of the files a name is written into.
UNWELCOME = set("\"'\\%{}<>&[]`$")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A plugin to be made: its slug, what people call it in Chinese and in English."""

    slug: str
    name: str
    english: str

    @property
    def words(self) -> dict[str, str]:
        """Return what stands for each placeholder of the skeleton."""
        return {
            "[[slug]]": self.slug,
            "[[Class]]": "".join(part.capitalize() for part in self.slug.split("_")),
            "[[name]]": self.name,
            "[[english]]": self.english,
            "[[project]]": f"portal-{self.slug.replace('_', '-')}",
            "[[package]]": f"portal_{self.slug}",
        }


def bad_name(name: str) -> str:
    """Return why a name cannot be written into code and pages, in words; "" when it can."""
    if not 1 <= len(name.strip()) <= 40:
        return "a name has 1 to 40 characters"
    odd = sorted({one for one in name if one in UNWELCOME or not one.isprintable()})
    return f"a name is written into code: please without {' '.join(map(repr, odd))}" if odd else ""


def make_folder(wanted: Wanted, into: Path) -> Path:
    """Write a plugin folder ``into/<slug>``.

    Raises:
        FileExistsError: something of that name is there. OSError: the folder cannot be written.
    """
    with _beside(into, wanted.slug) as draft:
        _fill(SKELETON / "plugin", draft / "plugins" / wanted.slug, wanted)
        _say_in_english(draft / "plugins" / wanted.slug, draft)
        tidy(draft)
        return _move(draft / "plugins" / wanted.slug, into / wanted.slug)


def make_project(wanted: Wanted, into: Path) -> Path:
    """Write a project of its own ``into/portal-<slug>`` whose wheel carries the plugin.

    Raises:
        FileExistsError: something of that name is there. OSError: the folder cannot be written.
    """
    project, package = wanted.words["[[project]]"], wanted.words["[[package]]"]
    with _beside(into, project) as draft:
        _fill(SKELETON / "wheel", draft / project, wanted)
        _fill(SKELETON / "plugin", draft / project / package, wanted)
        _say_in_english(draft / project / package, draft / project)
        tidy(draft)
        return _move(draft / project, into / project)


class _beside(tempfile.TemporaryDirectory[str]):
    """A folder beside the target, so that the last step is one rename; gone afterwards, also on an error."""

    def __init__(self, into: Path, name: str) -> None:
        if (into / name).exists():
            raise FileExistsError(f"{into / name} is there already")
        super().__init__(prefix=".new-", dir=into)

    def __enter__(self) -> Path:  # type: ignore[override]  # a path is what is needed
        return Path(super().__enter__())


def _fill(source: Path, target: Path, wanted: Wanted) -> None:
    for path in sorted(source.rglob("*.tmpl")):
        parts = [part.replace("slug", wanted.slug) for part in path.relative_to(source).with_suffix("").parts]
        text = path.read_text(encoding="utf-8")
        for placeholder, word in wanted.words.items():
            text = text.replace(placeholder, word)
        file = target.joinpath(*parts)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _say_in_english(package: Path, root: Path) -> None:
    """Put the skeleton's English words where a catalogue belongs, in the order a catalogue has."""
    folder = package / "translations"
    for language in languages.LANGUAGES:
        path = languages.catalogue(folder, language)
        path.parent.mkdir(parents=True)
        (package / "messages.po").rename(path)
        languages.update(folder, language, root)


def tidy(path: Path) -> None:
    """Break the lines of a file or folder as the linter wants them, where it is installed."""
    if find_spec("ruff") is not None:
        subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(path)], check=False)


def _move(draft: Path, target: Path) -> Path:
    # Another run may have been faster: a folder with something in it is never replaced.
    os.rename(draft, target)
    return target
