"""The top of the command line: which commands there are, core first, then each plugin's own."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo

from portal import VERSION, config
from portal.config import ConfigError
from portal.crypto import CryptoError
from portal.demo.place import use_if_alone
from portal.registry import Registry

#: Command, and the module that holds it, under the same name or the one after the colon; imported only
#: when asked for.
CORE = {
    "account": "portal.cli.account",
    "apply": "portal.cli.apply",
    "audit": "portal.cli.audit",
    "backup": "portal.cli.backup",
    "catalogue": "portal.cli.catalogue",
    "db": "portal.cli.db",
    "demo": "portal.cli.demo",
    "docs": "portal.cli.docs",
    "district": "portal.cli.district",
    "export-config": "portal.cli.export_config:export_config",
    "doctor": "portal.cli.doctor",
    "health": "portal.cli.health",
    "import": "portal.cli.imports:import_",
    "init": "portal.cli.init",
    "keys": "portal.cli.keys",
    "ledger": "portal.cli.ledger",
    "plugins": "portal.cli.plugins",
    "restore": "portal.cli.restore",
    "roles": "portal.cli.roles",
    "search": "portal.cli.search",
    "serve": "portal.cli.serve",
    "upgrade": "portal.cli.upgrade",
    "workdays": "portal.cli.workdays",
    "worker": "portal.cli.worker",
}


class Commands(click.Group):
    """The core's commands, and what the plugins offer through ``register_commands``.

    The plugins are asked without an application, so that ``portal dues explain`` needs no database.
    A plugin's command that needs one uses ``flask.cli.with_appcontext``.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name, the core's and the plugins'."""
        return sorted({*CORE, *self._offered()})

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command; a plugin cannot take a name of the core."""
        if name in CORE:
            module, _, attribute = CORE[name].partition(":")
            found: click.Command = getattr(importlib.import_module(module), attribute or name)
            return found
        return self._offered().get(name)

    def _offered(self) -> dict[str, click.Command]:
        if not hasattr(self, "_plugin_commands"):
            settings = config.read()
            registry = Registry()
            registry.load(exclude=settings.excluded, safe_mode=settings.safe_mode)
            found: dict[str, Any] = {}
            for _slug, commands in registry.each("register_commands"):
                found.update({command.name: command for command in commands})
            self._plugin_commands = found
        return self._plugin_commands


def build(_info: ScriptInfo | None = None) -> Flask:
    """Build the application a command works on; a wrong setting is a usage error in words."""
    from portal.app import create_app
    from portal.backup import finish_interrupted, interrupted, postgresql

    try:
        app = create_app()
        data = config.read().data_dir
        if interrupted(data):
            with app.app_context():
                done = finish_interrupted(data, postgresql.arrived)
            click.echo(f"an interrupted restore was {'finished' if done else 'given up'}", err=True)
        return app
    except (ConfigError, CryptoError) as error:
        raise click.UsageError(str(error)) from error


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="portal")
@click.pass_context
def portal(ctx: click.Context) -> None:
    """The service portal: serve it, look after it, bring data in."""
    ctx.obj = ScriptInfo(create_app=build)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit."""
    if (sys.argv[1:] if arguments is None else arguments)[:1] != ["init"]:
        use_if_alone()
    try:
        portal.main(args=arguments, prog_name="portal")
    except ConfigError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader (head, less) went away.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
