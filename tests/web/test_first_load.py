"""What the first visit costs, and that nothing comes from elsewhere."""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
BUDGET = 100 * 1024
TEMPLATES = sorted([*ROOT.glob("templates/**/*.html"), *ROOT.glob("plugins/*/templates/**/*.html")])


def weight(data: bytes) -> int:
    return len(gzip.compress(data, 6))


def test_first_load_stays_within_100_kib_of_gzip(client):
    page = client.get("/dev/components").data
    found = re.findall(r'(?:src|href)="/static/([^"#?]+)', page.decode())
    files = {name for name in found if name != "picture.js"}
    assert {
        "vendor/bootstrap.min.css",
        "vendor/htmx.min.js",
        "vendor/icons.svg",
        "portal.css",
        "portal.js",
    } <= files
    total = weight(page) + sum(weight((STATIC / name).read_bytes()) for name in files)
    assert total <= BUDGET, f"{total} bytes"


def test_vendored_files_are_those_the_readme_names():
    rows = re.findall(
        r"^\| `([\w.]+)`.*`([0-9a-f]{64})` \|$", (STATIC / "vendor/README.md").read_text(), re.M
    )
    files = {path.name for path in (STATIC / "vendor").iterdir()}
    assert {name for name, _ in rows} == {
        name for name in files if not re.match("LICENSE|NOTICE|README", name)
    }
    text = (STATIC / "vendor/README.md").read_text()
    assert [name for name in files if re.match("LICENSE|NOTICE", name) and f"`{name}`" not in text] == []
    for name, expected in rows:
        assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == expected, name


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_templates_hold_no_inline_script_style_or_foreign_host(path: Path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)", text), "inline script"
    assert not re.search(r"\s(style|on[a-z]+)=[\"']", text) and "<style" not in text, (
        "inline style or handler"
    )
    assert not re.search(r"hx-on|hx-boost|hx-vals=[\"']js:", text)
    assert not re.search(r"(src|href|action)=[\"'](https?:)?//", text), "foreign host"


def test_every_icon_that_is_named_is_in_the_sprite():
    known = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "vendor/icons.svg").read_text()))
    calls = r'(?:\bicon|\bdraw|sprite_icon)\(\s*"([\w-]+)"|icon="([\w-]+)"'
    for path in [*TEMPLATES, *ROOT.glob("portal/**/*.py"), *ROOT.glob("plugins/**/*.py")]:
        for found in re.findall(calls, path.read_text(encoding="utf-8")):
            name = next(filter(None, found))
            assert name in known, f"{path.name}: {name}"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503])
def test_error_pages_say_what_happened_and_whom_to_call(app, status: int):
    from portal.web.errors import page

    app.config["HELP_PHONE"] = "0000-8800000"
    with app.test_request_context("/"):
        app.preprocess_request()
        answer = page(status)
    text = answer.get_data(as_text=True)
    assert answer.status_code == status
    assert "0000-8800000" in text and "<h1" in text
    assert not re.search("抱歉|非法|错误代码|Error", text)


def test_static_addresses_carry_a_mark_of_their_content_and_answer(client):
    found = re.findall(r'"(/static/portal\.css\?v=[0-9a-f]{8})"', client.get("/dev/components").text)
    assert len(found) == 1
    with client.get(found[0]) as answer:
        assert answer.data == (STATIC / "portal.css").read_bytes()


def test_kept_parts_of_the_frame_follow_language_and_phone(app, client):
    app.config["HELP_PHONE"] = "0000-1111111"
    assert "0000-1111111" in client.get("/").text
    app.config["HELP_PHONE"] = "0000-2222222"
    page = client.get("/").text
    assert "0000-2222222" in page and "0000-1111111" not in page
