"""What an image would hold: the Containerfile replayed over this checkout with secrets planted in it.

No engine is needed: which files a ``COPY`` takes is said by the Containerfile and ``.dockerignore`` alone.
What an engine makes of it is looked at in ``test_built_image.py``.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from portal.config import ROOT
from tests.guards import lint
from tests.test_lint_rules import tracked

#: What somebody's checkout may hold and no image may, with the text that is in it.
PRIVATE = {
    ".env": "SECRET_KEY=abc",
    ".git/config": "[core]",
    "var/demo/portal.toml": "secret_key = 1",
    "portal.toml": "secret_key = 1",
    "portal/portal.toml": "secret_key = 1",
    "portal/.env": "x",
    "portal/web/development.secret": "x",
    "portal/portal.db": "x",
    "portal/portal.db-wal": "x",
    "plugins/wechatpay/apiclient_key.pem": "x",
    "plugins/wechatpay/certs/merchant.p12": "x",
    "plugins/dues/old.sqlite3": "x",
    "static/debug.log": "x",
    "portal/__pycache__/app.cpython-312.pyc": "x",
    "plugins/dues/tests/test_more.py": "x",
    "plugins/dues/.git/HEAD": "x",
    "backups/portal-1.tar.gz": "x",
}
_UNWANTED = re.compile(
    r"(^|/)(\.[^/]+|__pycache__|var|backups|tests|portal\.toml|[^/]*\.(pem|key|p12|db|db-wal|log|secret|pyc))(/|$)"
)


def pattern(line: str) -> re.Pattern[str]:
    """Return a line of .dockerignore as docker reads it: from the root, ``**`` is any folders or none."""
    found = ""
    for part in re.split(r"(\*\*/|\*\*|\*|\?)", line.strip("/")):
        found += {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}.get(part, re.escape(part))
    return re.compile(rf"{found}(?:/.*)?")


def ignored(path: str, ignore: str) -> bool:
    """Tell whether a path is kept from the build: the last line that speaks of it decides."""
    out = False
    for line in ignore.splitlines():
        if line and not line.startswith("#") and pattern(line.removeprefix("!")).fullmatch(path):
            out = not line.startswith("!")
    return out


def image(context: Path) -> list[str]:
    """Return the files of the context that the last stage of the Containerfile copies."""
    ignore = (context / ".dockerignore").read_text(encoding="utf-8")
    last = (context / "deploy" / "Containerfile").read_text(encoding="utf-8").rsplit("\nFROM ", 1)[1]
    sources = [
        one
        for line in last.splitlines()
        if line.startswith(("COPY ", "ADD ")) and "--from" not in line
        for one in line.split()[1:-1]
    ]
    files = [path.relative_to(context).as_posix() for path in context.rglob("*") if path.is_file()]
    return sorted(
        name
        for name in files
        if any(source == "." or name == source or name.startswith(f"{source}/") for source in sources)
        and not ignored(name, ignore)
    )


def unwanted(context: Path, files: list[str]) -> list[str]:
    """Return the files that do not belong into an image, and those that hold a secret."""
    skeleton = "portal/cli/skeleton/"
    named = [name for name in files if _UNWANTED.search(name) and not name.startswith(skeleton)]
    return named + lint.secrets(context, files)


def lived_in(place: Path) -> Path:
    """Make what a checkout in use looks like: everything the recipe names, and what lies about."""
    place.mkdir(exist_ok=True)
    named = [line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines()]
    for name in {one.split("/")[0] for one in named if (ROOT / one).exists() and one} | {"deploy", "tests"}:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, place / name)
    shutil.copy(ROOT / ".dockerignore", place)
    for name, text in PRIVATE.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    return place


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout in use."""
    return lived_in(tmp_path)


def test_the_image_holds_the_portal_and_nothing_private(checkout: Path):
    files = image(checkout)
    assert unwanted(checkout, files) == []
    assert not set(PRIVATE) & set(files)
    # All that is tracked and needed is there, a plugin's migrations and templates too.
    needed = [
        name
        for name in tracked()
        if name.split("/")[0] in {"portal", "plugins", "migrations", "templates", "static"}
        and "/tests/" not in name.replace("portal/cli/skeleton/plugin/tests/", "")
    ]
    assert set(needed) <= set(files) and len(needed) > 500
    assert {name for name in files if "/" not in name} == {"wsgi.py", "pyproject.toml"}


def test_a_recipe_that_takes_everything_is_found(checkout: Path):
    """The search is one that finds: without the list, and with a secret in a named folder."""
    (checkout / ".dockerignore").write_text("")
    recipe = checkout / "deploy" / "Containerfile"
    recipe.write_text(recipe.read_text().replace("COPY portal portal", "COPY . ."))
    assert set(PRIVATE) <= set(image(checkout)) | {"var/demo/portal.toml"}
    found = unwanted(checkout, image(checkout))
    assert {"portal.toml", ".env", "portal/portal.db", "plugins/dues/tests/test_more.py"} <= set(found)
    planted = checkout / "portal" / "words.py"
    random = "9f8e7d6c" * 4
    planted.write_text(planted.read_text() + f'\nAPI_KEY = "{random}"\n')
    assert any(one.startswith("portal/words.py:") for one in unwanted(checkout, image(checkout)))


@pytest.mark.parametrize(
    ("line", "path", "matches"),
    [
        ("*", "var/demo/x", True),
        ("**/tests", "plugins/dues/tests/x.py", True),
        ("**/tests", "tests", True),
        ("**/tests", "plugins/tests_of/x.py", False),
        ("**/*.db", "portal.db", True),
        ("**/*.db", "a/b/portal.db", True),
        ("*.db", "a/portal.db", False),
        ("portal", "portal/web/x.py", True),
        ("portal", "portals/x.py", False),
        ("**/.*", "a/.git/HEAD", True),
        ("**/.*", "a/b.c", False),
    ],
)
def test_a_line_is_read_as_docker_reads_it(line: str, path: str, matches: bool):
    assert bool(pattern(line).fullmatch(path)) is matches
