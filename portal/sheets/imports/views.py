"""The pages of an import: upload, which column is what, the verdicts, commit, undo."""

from __future__ import annotations

import io
import secrets
from typing import Any

from flask import Blueprint, Response, abort, g, request, send_file, url_for

from portal.current import district
from portal.database import Conflict, session
from portal.organizations.service import NotAllowed
from portal.sheets import writing
from portal.sheets.errors import SheetError
from portal.sheets.imports import (
    background,
    batches,
    commit,
    forgetting,
    intake,
    queries,
    words,
)
from portal.sheets.imports.models import ImportBatch
from portal.sheets.limits import DEFAULT
from portal.sheets.profiles import known_positions, letters
from portal.web.access import requires
from portal.web.frame import say
from portal.web.htmx import go, render
from portal.web.once import required_version
from portal.words import gettext, ngettext

imports = Blueprint("imports", __name__)
# the jobs of this room are declared with its pages
JOBS = (background.judge_batch, background.commit_batch, background.forget)
# ... and what is forgotten about a person.
FORGETS = forgetting.rows_about


def _kinds() -> list[str]:
    return [kind for kind in words.KINDS if g.actor.can(words.PERMISSIONS[kind])]


def _permitted(kind: str) -> str:
    if kind not in _kinds():
        abort(404)
    return kind


def _batch(uid: str) -> ImportBatch:
    found = queries.batch_by_uid(uid)
    if found is None or found.kind not in _kinds():
        abort(404)
    return found


@imports.get("/d/<district_code>/desk/import")
@requires("core.import")
def index() -> Any:
    """Show what can be imported, and what was."""
    found = queries.recent(kinds=_kinds(), before=request.args.get("after", type=int))
    return render(
        "imports/index.html",
        kinds=_kinds(),
        batches=found[:20],
        more=found[19].id if len(found) > 20 else None,
        words=words,
    )


@imports.get("/d/<district_code>/desk/import/<kind>/template.xlsx")
@requires("core.import")
def template(kind: str) -> Response:
    """Hand out the empty sheet to fill in."""
    profile = batches.importer_of(_permitted(kind), district(), g.actor).profile
    stream = io.BytesIO()
    writing.write_template(stream, profile)
    return _sheet(stream, f"{profile.title}模板.xlsx")


def _sheet(stream: io.BytesIO, name: str) -> Response:
    stream.seek(0)
    response = send_file(stream, mimetype=writing.XLSX)
    response.headers["Content-Disposition"] = writing.content_disposition(name)
    return response


@imports.get("/d/<district_code>/desk/import/<kind>")
@requires("core.import")
def choose_file(kind: str) -> Any:
    """Ask for the sheet."""
    return _ask(_permitted(kind))


def _ask(kind: str, *, error: str = "", status: int = 200) -> Any:
    profile = batches.importer_of(kind, district(), g.actor).profile
    return render(
        "imports/upload.html",
        status=status,
        kind=kind,
        profile=profile,
        words=words,
        error=error,
        form_key=secrets.token_urlsafe(18),
        megabytes=DEFAULT.upload_bytes // 1024 // 1024,
        rows=DEFAULT.rows,
    )


@imports.post("/d/<district_code>/desk/import/<kind>")
@requires("core.import")
def upload(kind: str) -> Any:
    """Take the sheet and judge it; the register does not change."""
    _permitted(kind)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _ask(kind, error=gettext("请先选一个文件。"), status=422)
    key = request.form.get("form_key", "")
    if not 8 <= len(key) <= 64:
        abort(400)
    # one byte more than allowed is enough to know
    data = file.stream.read(DEFAULT.upload_bytes + 1)
    try:
        batch = intake.upload(kind, data, file.filename, form_key=key, district=district(), actor=g.actor)
    except SheetError as refused:
        return _ask(kind, error=str(refused), status=422)
    return go(url_for("imports.show", uid=batch.uid))


@imports.get("/d/<district_code>/desk/import/batches/<uid>")
@requires("core.import")
def show(uid: str) -> Any:
    """Show how far a batch has come: columns to point out, progress, verdicts, or the result."""
    return _page(_batch(uid))


def _page(batch: ImportBatch, *, error: str = "", status: int = 200) -> Any:
    if batch.state == "mapping":
        return _mapping_page(batch, error=error, status=status)
    verdict = request.args.get("verdict", "")
    if verdict not in words.VERDICTS:
        verdict = ""
    after, before = (request.args.get(name, 0, type=int) for name in ("after", "before"))
    found = queries.lines(batch, verdict=verdict, after=after, before=before)
    beyond = len(found) > queries.PAGE
    lines = found[-queries.PAGE :] if before else found[: queries.PAGE]
    first, last = (lines[0].number, lines[-1].number) if lines else (None, None)
    return render(
        "imports/batch.html",
        block="progress" if batch.state in ("checking", "committing") else None,
        status=status,
        batch=batch,
        lines=lines,
        verdict=verdict,
        words=words,
        error=error,
        in_job=batch.total > batches.IN_REQUEST,
        newer=first if (after or (before and beyond)) else None,
        older=last if (before or (not before and beyond)) else None,
    )


def _mapping_page(batch: ImportBatch, *, error: str = "", status: int = 200) -> Any:
    profile = batches.importer_of(batch.kind, district(), g.actor).profile
    known = known_positions(batch.headers, profile)
    typed = {p: request.form.get(f"column-{p}", known.get(p, "")) for p in range(len(batch.headers))}
    return render(
        "imports/columns.html",
        status=status,
        batch=batch,
        headers=[(p, letters(p), header) for p, header in enumerate(batch.headers) if header],
        options=[(c.name, c.header + ("*" if c.required else "")) for c in profile.columns],
        missing=[c.header for c in profile.columns if c.required and c.name not in known.values()],
        typed=typed,
        words=words,
        error=error,
    )


@imports.post("/d/<district_code>/desk/import/batches/<uid>/columns")
@requires("core.import")
def columns(uid: str) -> Any:
    """Take a person's word for which column is what."""
    batch = _batch(uid)
    names = {c.name for c in batches.importer_of(batch.kind, district(), g.actor).profile.columns}
    chosen = {p: request.form.get(f"column-{p}", "") for p in range(len(batch.headers))}
    if not set(chosen.values()) <= names | {""}:
        abort(400)
    try:
        batches.choose_columns(batch, chosen, version=required_version(), district=district(), actor=g.actor)
    except SheetError as refused:
        return _mapping_page(batch, error=str(refused), status=422)
    return go(url_for("imports.show", uid=uid))


@imports.post("/d/<district_code>/desk/import/batches/<uid>/commit")
@requires("core.import")
def commit_batch(uid: str) -> Any:
    """Write what was shown, in one transaction; a second click finds it done."""
    batch = _batch(uid)
    version = required_version()
    if batch.refused and request.form.get("refused") != "skip" and batch.state == "ready":
        return _page(
            batch,
            error=ngettext(
                "有%(count)s行没通过。请选先改好再来，还是跳过这些行。",
                "有%(count)s行没通过。请选先改好再来，还是跳过这些行。",
                batch.refused,
                count=batch.refused,
            ),
            status=422,
        )
    try:
        commit.commit(batch, version=version, district=district(), actor=g.actor)
    except commit.Stale as stale:
        session.refresh(batch)
        batches.recheck(batch, version=batch.version, district=district(), actor=g.actor)
        return _page(batch, error=str(stale), status=409)
    except Conflict:
        session.refresh(batch)
        if batch.state not in ("committing", "committed") or batch.version != version + 1:
            raise
    except NotAllowed as refused:
        session.refresh(batch)
        return _page(batch, error=str(refused), status=422)
    if batch.state == "committed":
        say(gettext("已导入：新增%(new)s条，修改%(changed)s条。", new=batch.new, changed=batch.changed))
    return go(url_for("imports.show", uid=uid))


@imports.post("/d/<district_code>/desk/import/batches/<uid>/undo")
@requires("core.import")
def undo(uid: str) -> Any:
    """Take a whole batch back where nothing later leans on it."""
    batch = _batch(uid)
    try:
        commit.undo(batch, version=required_version(), district=district(), actor=g.actor)
    except NotAllowed as refused:
        session.refresh(batch)
        return _page(batch, error=str(refused), status=422)
    say(gettext("已整批撤销，名册回到导入以前。"))
    return go(url_for("imports.show", uid=uid))


@imports.post("/d/<district_code>/desk/import/batches/<uid>/discard")
@requires("core.import")
def discard(uid: str) -> Any:
    """Throw an uncommitted batch away."""
    batches.discard(_batch(uid), version=required_version(), district=district(), actor=g.actor)
    say(gettext("已放弃，什么都没有导入。"))
    return go(url_for("imports.index"))


@imports.post("/d/<district_code>/desk/import/batches/<uid>/hidden")
@requires("core.import")
def hidden(uid: str) -> Any:
    """Take a person's word for the rows nobody sees in the sheet."""
    wanted = request.form.get("hidden") == "1"
    batches.choose_hidden(_batch(uid), wanted, version=required_version(), district=district(), actor=g.actor)
    return go(url_for("imports.show", uid=uid))


@imports.post("/d/<district_code>/desk/import/batches/<uid>/recheck")
@requires("core.import")
def recheck(uid: str) -> Any:
    """Judge a batch again."""
    batch = _batch(uid)
    batches.recheck(batch, version=required_version(), district=district(), actor=g.actor)
    return go(url_for("imports.show", uid=uid))


@imports.get("/d/<district_code>/desk/import/batches/<uid>/wrong.xlsx")
@requires("core.import")
def wrong(uid: str) -> Response:
    """Hand the refused rows back with the reasons beside them."""
    batch = _batch(uid)
    stream = io.BytesIO()
    writing.write_refused(stream, batch.headers, queries.refused(batch))
    return _sheet(stream, f"没通过的行-{batch.filename.rsplit('.', 1)[0]}.xlsx")
