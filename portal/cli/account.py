"""``portal account``: the logins of staff who have no member record; members claim theirs on the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.cli.common import account_of, masked
from portal.database import everything
from portal.identity import accounts, factors, first_login, stops

WORDS = {
    "name": "a name has 2 to 40 characters",
    "phone": "a mobile number has 11 digits and begins with 1",
    "username": "a user name has 3 to 32 small letters, digits or . _ - and begins with a letter",
    "taken": "this user name belongs to another account",
    "different": "this person has an account under another user name",
    "stopped": "this person's account is disabled; let it in again: portal account enable",
    "short": "the password is too short: 10 characters or more",
    "long": "the password is too long: 200 characters at most",
    "common": "the password is one of the common ones, or one character over and over",
    "personal": "the password holds the name, user name or number",
}


@click.group()
def account() -> None:
    """Logins of staff; the first one of an installation is made here."""


@account.command()
@click.option("--name", required=True, help="As others know the person.")
@click.option("--phone", required=True, help="One-time codes go there.")
@click.option("--username", help="For logging in with a password.")
@click.option("--password-stdin", is_flag=True, help="Read the first password from standard input.")
@click.option("--by", help="Who ordered it: phone or user name, for the trail.")
@with_appcontext
def add(name: str, phone: str, username: str | None, password_stdin: bool, by: str | None) -> None:
    """Open a login. The same person again changes nothing."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    with everything():
        who = account_of(by).id if by else None
        try:
            made, new = accounts.open_account(
                name=name, phone=phone, username=username, password=password, by=who
            )
        except accounts.AccountRefused as refused:
            raise click.ClickException(WORDS[refused.reason]) from None
        known = "opened" if new else "known already"
        click.echo(f"{made.uid} {made.display_name} {masked(made)}: {known}")


@account.command()
@click.argument("who")
@click.option("--by", help="Who ordered it: phone or user name, for the trail.")
@with_appcontext
def code(who: str, by: str | None) -> None:
    """Print a log-in code for WHO (phone, user name or public id): one hour, once, typed with the name.

    For the first administrator, and for staff while no channel reaches their number.
    """
    with everything():
        found = account_of(who)
        show_code(found.display_name, first_login.issue(found, by=account_of(by).id if by else None))


@account.command("reset-second-factor")
@click.argument("who")
@click.option("--reason", required=True, help="Why, for the trail: lost phone, seen the identity card ...")
@click.option("--by", help="Who ordered it: phone or user name, for the trail.")
@with_appcontext
def reset_second_factor(who: str, reason: str, by: str | None) -> None:
    """Take the code program, passkeys and recovery codes of WHO away; the next login sets one up anew.

    For the last administrator of a place; others have it done at the desk, by two people.
    """
    if not reason.strip():
        raise click.UsageError("--reason is empty")
    with everything():
        found = account_of(who)
        orderer = account_of(by).id if by else None
        if orderer == found.id:
            raise click.ClickException("nobody resets an own second factor: --by is this very account")
        factors.reset(found.id, by=orderer, district=None, why=reason.strip()[:120])
        click.echo(f"{found.uid} {found.display_name} {masked(found)}: reset, all sessions ended")


_reason = click.option("--reason", required=True, help="Why: for the trail, and for the person.")
_ordered = click.option("--by", help="Who ordered it: phone or user name, for the trail.")

NOT_SO = {
    "self": "nobody disables or enables an own account: --by is this very account",
    "last": "the last one who can give roles there, or run the installation: roles grant to another first",
    "disabled": "this account is disabled already",
    "open": "this account is not disabled",
    "asker": "--by is disabled",
}


@account.command()
@click.argument("who")
@_reason
@_ordered
@with_appcontext
def disable(who: str, reason: str, by: str | None) -> None:
    """Shut WHO (phone, user name or public id) out at once: all sessions end, no way leads in."""
    with everything():
        found = account_of(who)
        with _in_words():
            stops.stop(found, reason=reason, district_id=None, by=account_of(by).id if by else None)
        click.echo(f"{found.uid} {found.display_name} {masked(found)}: disabled, all sessions ended")


@account.command()
@click.argument("who")
@_reason
@_ordered
@click.option("--drop-password", is_flag=True, help="Take the password away: somebody else may know it.")
@with_appcontext
def enable(who: str, reason: str, by: str | None, drop_password: bool) -> None:
    """Let WHO (phone, user name or public id) log in again; whatever was begun before is void."""
    with everything():
        found = account_of(who, disabled=True)
        with _in_words():
            orderer = account_of(by).id if by else None
            stops.lift(found, reason=reason, drop_password=drop_password, by=orderer)
        click.echo(f"{found.uid} {found.display_name} {masked(found)}: may log in again")


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except ValueError:
        raise click.UsageError(f"--reason has 2 to {stops.LONGEST} characters") from None
    except stops.Refused as refused:
        raise click.ClickException(NOT_SO[refused.reason]) from None


def show_code(name: str, typed: str) -> None:
    """Print a log-in code and where it is typed; it is shown this once."""
    click.echo(f"log in at {current_app.config['PUBLIC_URL']}/login/paper within an hour")
    click.echo(f"  name: {name}")
    click.echo(f"  code: {typed}")
