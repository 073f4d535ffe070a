"""``portal import``: the desk's import from the command line, through the same verbs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from portal import crypto
from portal.cli.common import at, district_option, find_district
from portal.districts import context
from portal.organizations.service import NotAllowed
from portal.sheets import writing
from portal.sheets.errors import SheetError
from portal.sheets.imports import batches, commit, intake, queries, store
from portal.sheets.imports.models import ImportBatch
from portal.sheets.limits import DEFAULT
from portal.sheets.profiles import known_positions


@click.group(name="import")
def import_() -> None:
    """Bring organizations, units and members in from a sheet. Exit 1 when rows were refused."""


def _command(kind: str, what: str) -> Callable[..., Any]:
    @import_.command(kind, help=f"Import {what} from FILE (.xlsx, .xls, .csv) into a district.")
    @click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @district_option
    @click.option("--dry-run", is_flag=True, help="Judge every row and change nothing.")
    @click.option(
        "--wrong",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Write the refused rows here (.xlsx).",
    )
    @click.option(
        "--with-hidden", is_flag=True, help="Take in the rows hidden in the sheet too (filtered, folded)."
    )
    @with_appcontext
    def run(file: Path, district_code: str, dry_run: bool, wrong: Path | None, with_hidden: bool) -> None:
        district = find_district(district_code)
        with at(district):
            try:
                refused = _import(
                    kind,
                    file,
                    context.ref(district.id),
                    dry_run=dry_run,
                    wrong=wrong,
                    with_hidden=with_hidden,
                )
            except (SheetError, NotAllowed, commit.Stale) as error:
                click.echo(str(error), err=True)
                raise click.exceptions.Exit(1) from None
        if refused:
            raise click.exceptions.Exit(1)

    return run


def _import(
    kind: str, file: Path, district: Any, *, dry_run: bool, wrong: Path | None, with_hidden: bool
) -> int:
    """Judge, say so, and commit; return how many rows were refused."""
    with file.open("rb") as stream:
        # one byte more than allowed is enough to know
        data = stream.read(DEFAULT.upload_bytes + 1)
    batch = intake.upload(
        kind,
        data,
        file.name,
        form_key=crypto.new_uid(),
        district=district,
        actor=None,
        in_jobs=False,
        with_hidden=with_hidden,
    )
    if batch.state == "mapping":
        raise SheetError(_missing(batch, district))
    for notice in batch.notices:
        click.echo(notice)
    _say_hidden(batch)
    for row, why in _refused(batch):
        click.echo(f"第{row}行：{why}")
    if wrong is not None and batch.refused:
        with wrong.open("wb") as out:
            writing.write_refused(out, batch.headers, queries.refused(batch))
    counts = " ".join(f"{verdict} {count}" for verdict, count in batch.counts.items())
    if dry_run:
        batches.discard(batch, version=batch.version, district=district, actor=None)
        click.echo(f"dry run: {counts}")
    else:
        commit.write(batch, version=batch.version, states=("ready",), district=district, actor=None)
        click.echo(f"imported: {counts}")
    return batch.refused


def _say_hidden(batch: ImportBatch) -> None:
    """Say which rows nobody sees in the sheet, and what becomes of them."""
    numbers = sorted(store.hidden_rows(batch))
    if numbers:
        named = "、".join(str(number) for number in numbers[:20]) + ("等" if len(numbers) > 20 else "")
        done = "也核对了" if batch.with_hidden else "没有导入；要一起导入，加上 --with-hidden"
        click.echo(f"表里有{len(numbers)}行是隐藏的（第{named}行），{done}。")


def _missing(batch: ImportBatch, district: Any) -> str:
    """Say which columns are missing, and throw the batch away: nobody can point them out here."""
    profile = batches.importer_of(batch.kind, district, None).profile
    known = set(known_positions(batch.headers, profile).values())
    batches.discard(batch, version=batch.version, district=district, actor=None)
    return "没找到这些列：" + "、".join(
        c.header for c in profile.columns if c.required and c.name not in known
    )


def _refused(batch: ImportBatch) -> Any:
    for _cells, row, why in queries.refused(batch):
        yield row, why


organizations = _command("organizations", "party organizations")
units = _command("units", "units (employers)")
members = _command("members", "members (the official sheet)")
