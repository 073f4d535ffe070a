"""The plan of the house holds: nobody imports upwards, the core knows no plugin, plugins know the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal.config import ROOT
from tests.guards.circles import circles
from tests.guards.layers import problems


def test_nobody_imports_upwards_and_the_core_knows_no_plugin():
    assert problems(ROOT) == []


def test_no_files_need_each_other():
    assert circles(ROOT, ("portal", "plugins", "paysim", "bench")) == []


def plant(root: Path, files: dict[str, str]) -> Path:
    """Write a small tree with one fault in it."""
    for name, text in {
        "portal/__init__.py": "",
        "plugins/__init__.py": "",
        "plugins/dues/__init__.py": "",
        **files,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


FAULTS = {
    "core imports a plugin": ({"portal/web/x.py": "from plugins.dues import y"}, "knows nothing of plugins"),
    "database imports a room above": (
        {"portal/database/x.py": "from portal.districts.models import District"},
        "database stands below districts",
    ),
    "a domain imports web outside of its pages": (
        {"portal/members/service.py": "from portal.web.htmx import render"},
        "members stands below web",
    ),
    "a room beside": ({"portal/ledger/x.py": "import portal.claims.service"}, "ledger stands below claims"),
    "a relative import upwards": (
        {"portal/members/x.py": "from ..payments import accounts"},
        "members stands below payments",
    ),
    "models import their service": (
        {"portal/members/models.py": "from portal.members.service import take_in"},
        "models stands below service",
    ),
    "a service imports its views": (
        {"portal/members/service.py": "def f():\n    from portal.members.views_me import page"},
        "service stands below views_me",
    ),
    "hookspecs import the portal": (
        {"portal/hookspecs.py": "from portal import clock"},
        "stands below clock",
    ),
    "a new room without a floor": ({"portal/novel/x.py": "from portal import clock"}, "has no floor"),
    "a plugin imports the core": (
        {"plugins/dues/x.py": "from portal.members.models import Member"},
        "portal.api and nothing else",
    ),
    "a plugin imports another": (
        {"plugins/aid/__init__.py": "", "plugins/aid/x.py": "from plugins.dues import words"},
        "knows no other plugin",
    ),
    "a plugin climbs to another": (
        {"plugins/aid/__init__.py": "", "plugins/aid/x.py": "from ..dues import words"},
        "knows no other plugin",
    ),
    "a plugin uses the simulator": ({"plugins/dues/x.py": "import paysim"}, "for tests"),
    "the core names a plugin": ({"portal/web/x.py": "HERE = 'dues.pay'"}, "names the plugin 'dues'"),
}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path):
    files, words = FAULTS[fault]
    found = problems(plant(tmp_path, files))
    assert len(found) == 1 and words in found[0], found


def test_a_planted_circle_is_found(tmp_path: Path):
    """Also one that closes over three files, by a relative import or for a type checker alone."""
    tree = plant(
        tmp_path,
        {
            "plugins/dues/one.py": "from . import two",
            "plugins/dues/two.py": "from plugins.dues.three import thing",
            "plugins/dues/three.py": (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .one import other"
            ),
            "plugins/dues/four.py": "from . import one",
        },
    )
    ring = ("plugins/dues/one.py", "plugins/dues/three.py", "plugins/dues/two.py")
    assert circles(tree, ("portal", "plugins")) == [" <-> ".join(ring)]


def test_what_is_allowed_is_not_reported(tmp_path: Path):
    tree = plant(
        tmp_path,
        {
            "portal/members/views_me.py": "from portal.web.htmx import render\nfrom . import service",
            "portal/members/service.py": "from portal.members.models import Member\nfrom portal import audit",
            "portal/hookspecs.py": (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from portal.plugin import Card"
            ),
            "plugins/dues/plugin.py": "from portal.api import Plugin\nfrom . import words",
            "plugins/dues/tests/test_x.py": "from portal.testing import World\nimport paysim.testing",
            "portal/web/x.py": '"""A page about dues."""',
        },
    )
    assert problems(tree) == []
