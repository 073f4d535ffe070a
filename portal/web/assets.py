"""Addresses of the core's static files, icons of the sprite, and parts of the frame that seldom change.

A page names some ten files and as many icons: built with ``url_for`` they cost more than its queries.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, g, render_template, request, url_for
from markupsafe import Markup, escape

#: Rendered parts per language and district; some hundreds of districts at most share a process.
_PARTS = 512


def install(app: Flask) -> None:
    """Register the globals ``asset``, ``needs``, ``sprite_icon`` and ``part``."""
    app.extensions["portal.parts"] = {}
    app.jinja_env.globals.update(asset=asset, needs=needs, sprite_icon=sprite_icon, part=part)


def asset(name: str) -> str:
    """Return the address of ``static/<name>`` marked by its content: an upgrade is seen at once."""
    return request.root_path.rstrip("/") + _marked(name)


def needs(*names: str) -> Markup:
    """Write the elements that load scripts and styles of a component, each once a page."""
    named = g.setdefault("needed", set())
    fresh = [name for name in names if name not in named]
    named.update(fresh)
    return Markup("").join(
        Markup(
            '<link rel="stylesheet" href="{}">'
            if name.endswith(".css")
            else '<script src="{}" defer></script>'
        ).format(asset(name))
        for name in fresh
    )


@lru_cache(maxsize=256)
def _marked(name: str) -> str:
    address = url_for("static", filename=name)
    address = address.removeprefix(request.root_path.rstrip("/"))
    path = Path(str(current_app.static_folder), name)
    # In development files change under the running process.
    if current_app.debug or not path.is_file():
        return address
    return f"{address}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:8]}"


@lru_cache(maxsize=1024)
def _drawn(_root: str, name: str, cls: str) -> Markup:
    sprite = asset("vendor/icons.svg")
    return Markup(
        f'<svg class="icon{" " + escape(cls) if cls else ""}" aria-hidden="true" focusable="false">'
        f'<use href="{escape(sprite)}#{escape(name)}"/></svg>'
    )


def sprite_icon(name: str, cls: str = "") -> Markup:
    """Draw one icon of the sprite; it decorates, the words beside it speak."""
    return _drawn(request.root_path, name, cls)


def part(template: str, *key: Any) -> Markup:
    """Render a part of the frame that depends on nothing but ``key``, and keep it."""
    kept: dict[Any, Markup] = current_app.extensions["portal.parts"]
    wanted = (template, request.root_path, *(str(item) for item in key))
    if wanted not in kept:
        if len(kept) >= _PARTS or current_app.debug:
            kept.clear()
        kept[wanted] = Markup(render_template(template))
    return kept[wanted]
