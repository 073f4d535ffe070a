"""``portal dues``: what somebody would pay and why (no database), and whether the sums agree."""

import json
from datetime import datetime

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from portal.api import District, everything, session

from .amounts import parse_yuan, percent, yuan
from .calculation import BaseRefused, Explanation, explain
from .queries.verify import differences
from .rate_files import rate_tables
from .rate_table import RateTable, RateTableError
from .words import base_refused, why


@click.group()
def dues() -> None:
    """Party dues: rates and assessments."""


@dues.command("explain")
@click.option("--category", required=True, help="salaried, retired, student, ...")
@click.option("--base", help="Monthly base in yuan, 5100.00; fixed categories take none.")
@click.option("--on", "on", required=True, type=click.DateTime(["%Y-%m-%d"]), help="A day of the month.")
@click.option("--rounding", help="fen, jiao or yuan_up; the table's default otherwise.")
@click.option("--without-norm", is_flag=True, help="Keep the amount above the monthly norm.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
def explain_command(
    category: str, base: str | None, on: datetime, rounding: str | None, without_norm: bool, as_json: bool
) -> None:
    """Print what a member pays a month, with rate, bracket, rule and rounding."""
    day = on.date()
    try:
        table = rate_tables().on(day)
        found = explain(
            category,
            None if base is None else parse_yuan(base),
            on=day,
            rounding=rounding,
            apply_norm=not without_norm,
        )
    except BaseRefused as refused:
        raise click.UsageError(base_refused(refused.reason)) from refused
    except (RateTableError, ValueError) as fault:
        raise click.UsageError(str(fault)) from fault
    if as_json:
        click.echo(json.dumps(as_facts(found, table), ensure_ascii=False, indent=2))
    else:
        _print(found, table)


def as_facts(found: Explanation, table: RateTable) -> dict[str, object]:
    """Return the explanation as plain values; sums in fen, the rate as text."""
    bracket = found.bracket
    return {
        "category": found.category,
        "on": found.on.isoformat(),
        "base_fen": found.base_fen,
        "amount_fen": found.amount_fen,
        "computed_fen": found.computed_fen,
        "exact_yuan": f"{found.exact:f}",
        "rate": str(found.rate) if found.rate is not None else None,
        "bracket": {"above_fen": bracket.above, "up_to_fen": bracket.up_to} if bracket else None,
        "edges": [
            {"base_fen": edge.base_fen, "rate": str(edge.rate), "amount_fen": edge.amount_fen}
            for edge in found.edges
        ],
        "norm_fen": found.norm_fen,
        "norm_applied": found.norm_applied,
        "rounding": found.rounding,
        "rounding_source": found.rounding_rule.source,
        "rule": found.rule.source,
        "mark": found.rule.mark,
        "table": table.version,
        "sentence": why(found, table),
    }


def _print(found: Explanation, table: RateTable) -> None:
    click.echo(why(found, table))
    click.echo(f"应交（分） amount_fen: {found.amount_fen}")
    if found.rate is not None and found.bracket is not None:
        upper = "" if found.bracket.up_to is None else yuan(found.bracket.up_to)
        click.echo(f"比例 rate: {percent(found.rate)}")
        click.echo(f"档次 bracket: {yuan(found.bracket.above)} - {upper}")
    if found.norm_applied:
        click.echo(f"按比例 computed_fen: {found.computed_fen}")
    click.echo(f"依据 rule: {found.rule.source} [{found.rule.mark}]")
    click.echo(f"取整 rounding: {found.rounding} ({found.rounding_rule.source})")
    click.echo(f"标准 table: {table.version}")


@dues.command("verify")
@with_appcontext
def verify_command() -> None:
    """Compare the months with the ledger in every district; exit 1 when a sum differs."""
    wrong = 0
    with everything():
        for district in session.scalars(select(District).order_by(District.path)):
            for found in differences(district.id):
                wrong += 1
                click.echo(
                    f"{district.code}: member {found.member_id} {found.month}:"
                    f" {yuan(found.here_fen)} here, {yuan(found.ledger_fen)} in the books"
                )
    click.echo("ok" if not wrong else f"{wrong} differ")
    if wrong:
        raise click.exceptions.Exit(1)
