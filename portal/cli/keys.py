"""``portal keys``: secrets of an installation; a new field key, what is left under an old one, a lost one."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from portal import audit, crypto
from portal import keys as sealed
from portal.cli import keys_file
from portal.config import new_secrets
from portal.database import everything, transaction


@click.group()
def keys() -> None:
    """Secrets of an installation."""


@keys.command()
def new() -> None:
    """Print fresh secrets as lines for portal.toml; keep them where only the portal reads."""
    click.echo(new_secrets(), nl=False)


@keys.command("list")
@with_appcontext
def list_keys() -> None:
    """List the field keys, the one that seals first, and how many values each holds. Never a key itself."""
    known = list(crypto.keyring().field_keys)
    held = sealed.count_by_key()
    for key in known:
        role = "seals" if key == known[0] else "opens"
        click.echo(f"{key:<16} {role:<6} {sum(held.get(key, {}).values())} values")
    for key in sorted(set(held) - set(known)):
        click.echo(
            f"{key:<16} MISSING {sum(held[key].values())} values cannot be read; portal keys lost {key}",
        )


@keys.command()
@click.option("--id", "name", help="Of the new key; default: the next of k1, k2, ...")
@with_appcontext
def add(name: str | None) -> None:
    """Add a new field key behind the others: everybody learns to open it before anybody seals with it."""
    text = keys_file.read("field_keys")
    known = [part.split(":")[0].strip() for part in text.split(",")]
    used = {*known, *sealed.count_by_key()}
    name = name or next(f"k{number}" for number in range(1, 10_000) if f"k{number}" not in used)
    if name in used:
        raise click.ClickException(f"there is a key {name}, or values sealed under one; take another name")
    path = keys_file.write("field_keys", f"{text},{name}:{crypto.generate_key()}")
    _record("keys.add", name)
    click.echo(f"{name} added to {path}; keep a new copy of that file apart from the backups")
    click.echo("next: start portal serve and portal worker anew on every machine, then portal keys rotate")


@keys.command()
@click.option("--resume", is_flag=True, help="Only go on; do not put the newest key first.")
@with_appcontext
def rotate(resume: bool) -> None:
    """Seal everything anew under the newest key, while the portal runs; killed, it goes on with --resume."""
    text = keys_file.read("field_keys")
    parts = [part.strip() for part in text.split(",")]
    if not resume and len(parts) > 1:
        parts = [parts[-1], *parts[:-1]]
        text = ",".join(parts)
        keys_file.write("field_keys", text)
    first = parts[0].split(":")[0]
    ring = crypto.Keyring.parse(text, keys_file.read("index_key"))
    current_app.extensions["portal.crypto"] = ring
    _record("keys.rotate", first)

    def tell(name: str, progress: sealed.Progress) -> None:
        click.echo(f"{name:<40} {progress.done} sealed anew so far")

    progress = sealed.rotate(tell)
    left = {key: sum(of.values()) for key, of in sealed.count_by_key().items() if key != first}
    if progress.broken:
        raise click.ClickException(f"{progress.broken} values cannot be opened and were left as they are")
    if any(left.values()):
        click.echo(
            f"left under other keys: {left}; processes still seal with them: start them anew, then --resume",
        )
        return
    click.echo(f"everything is sealed under {first}; next: start processes anew, then portal keys retire KEY")


@keys.command()
@click.argument("key")
@with_appcontext
def retire(key: str) -> None:
    """Take KEY out of the settings; refused while a value is sealed under it."""
    text = keys_file.read("field_keys")
    parts = [part.strip() for part in text.split(",")]
    names = [part.split(":")[0] for part in parts]
    if key not in names:
        raise click.ClickException(f"no key {key} in the settings; there are: {', '.join(names)}")
    if key == names[0]:
        raise click.ClickException(f"{key} seals everything new: portal keys add, then portal keys rotate")
    held = {name: count for name, count in sealed.unreadable(key).items() if count}
    if held:
        where = ", ".join(f"{name} {count}" for name, count in held.items())
        raise click.ClickException(f"values are sealed under {key} ({where}): portal keys rotate --resume")
    keys_file.write("field_keys", ",".join(part for part in parts if part.split(":")[0] != key))
    _record("keys.retire", key)
    click.echo(f"{key} retired. Backups of before need it: keep the old copy of portal.toml as long as them")


@keys.command()
@click.argument("key")
@with_appcontext
def lost(key: str) -> None:
    """Say what cannot be read without KEY, as counts, and mark it as lost; nothing is deleted."""
    if key in crypto.keyring().field_keys:
        raise click.ClickException(f"{key} is in the settings: it is not lost")
    held = {name: count for name, count in sealed.unreadable(key).items() if count}
    if not held:
        click.echo(f"nothing is sealed under {key}")
        return
    for name, count in held.items():
        click.echo(f"{name:<40} {count}")
    marked = [part for part in keys_file.read("lost_keys").split(",") if part.strip()]
    if key not in marked:
        keys_file.write("lost_keys", ",".join([*marked, key]))
        _record("keys.lost", key)
    click.echo(f"{sum(held.values())} values cannot be read; pages say so in their place. If {key} is found,")
    click.echo("put it behind the others in field_keys and nothing is lost. See docs/operate.md, chapter 3")


@keys.command()
@click.option("--yes", is_flag=True, help="The portal is stopped.")
@with_appcontext
def reindex(yes: bool) -> None:
    """Write every blind index anew, after index_key was lost and replaced; with the portal stopped."""
    if not yes:
        raise click.ClickException(
            "stop portal serve and worker, then say --yes: nobody could log in meanwhile",
        )
    found = sealed.reindex()
    _record("keys.reindex", "index")
    for name, count in found.written.items():
        click.echo(f"{name:<40} {count} written anew")
    for name, count in found.lost.items():
        if count:
            click.echo(f"{name:<40} {count} cannot be: {_why(name)}")


def _why(name: str) -> str:
    from portal.keys.indexes import elsewhere

    return elsewhere().get(name, "what it is made of is not kept")


def _record(action: str, key: str) -> None:
    with everything(), transaction():
        audit.record(action, ("key", key), actor=None, district=None)
