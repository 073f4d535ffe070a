"""A plugin that stays when it is switched off: a route, a card, a job."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, g, request

from portal.api import Job, Plugin, hookimpl, public

pages = Blueprint("stays", __name__)
#: Mounted outside of the districts, where the gate knows no switch: its views would have to ask.
outside = Blueprint("stays_outside", __name__, url_prefix="/stays")


@pages.get("/")
@public
def start() -> str:
    """Be where the gate watches."""
    return "stays"


@outside.get("/")
@public
def door() -> str:
    """Answer whoever comes, and ask no switch."""
    return "stays, everywhere"


@pages.after_app_request
def beside(answer: Response) -> Response:
    """Put a card on the start page past the hook that would have been asked only where it is on."""
    if request.endpoint == "web.home" and g.district is not None:
        answer.set_data(answer.get_data(as_text=True) + '<section id="card-stays"></section>')
    return answer


def work(payload: Mapping[str, Any]) -> None:
    """Do nothing."""


class Stays(Plugin):
    """Stays when it is switched off."""

    slug, name, description, version = "stays", "赖着不走", "关了还在", "1.0"

    @hookimpl
    def register_blueprints(self) -> Iterable[Any]:
        return [pages, outside]

    @hookimpl
    def register_jobs(self) -> Iterable[Job]:
        return [Job(name="stays.work", run=work)]


plugin = Stays()
