"""Is a port free? If not, say so in words somebody can act on. Does somebody answer there?"""

from __future__ import annotations

import socket
import urllib.request
from typing import Any

import click


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_or_explain(host: str, port: int) -> None:
    """Do nothing when the port is free; otherwise stop with exit code 1 and say what to do."""
    if not is_free(host, port):
        raise click.ClickException(
            f"port {port} is in use by another program; choose another one: PORT={port + 1}"
        )


def free_port(host: str, wanted: int) -> int:
    """Return ``wanted`` when it is free, else any free port."""
    if is_free(host, wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def ask_here(url: str) -> Any:
    """Open an address of this machine; a proxy of the environment (``http_proxy``) is not asked for it.

    Raises:
        OSError: nobody answers within two seconds, or with an error (``HTTPError``).
    """
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=2)
