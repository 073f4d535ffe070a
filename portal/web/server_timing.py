"""``Server-Timing`` for deployers: what each plugin's hook cost on this page, in the browser's own tools."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g

from portal import tracing


def install(app: Flask) -> None:
    """Note the hook calls of each request while ``trace_hooks`` is set; told to nobody but deployers."""
    if app.config["TRACE_HOOKS"]:
        app.before_request(_begin)
        app.after_request(_tell)
        app.teardown_request(_end)


def _begin() -> None:
    g.hook_calls = tracing.begin()


def _tell(response: Response) -> Response:
    actor, calls = g.get("actor"), g.get("hook_calls")
    if calls and actor is not None and "deployer" in actor.roles:
        response.headers["Server-Timing"] = ", ".join(_metric(call) for call in calls)
    return response


def _metric(call: tracing.Call) -> str:
    said = call.error or str(call.size)
    return f'{call.slug}.{call.hook};dur={call.seconds * 1000:.1f};desc="{said}"'


def _end(_error: Any) -> None:
    tracing.end()
