"""Show every macro of the house on one page, for the eye and for browser tests; never in production."""

import itertools
import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import segno
from flask import Blueprint, Response, abort, request
from markupsafe import Markup

from portal.database import Conflict
from portal.web import frame
from portal.web.access import public
from portal.web.htmx import go, render

dev = Blueprint("dev", __name__, url_prefix="/dev")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One big choice of a start page."""

    label: str
    url: str
    icon: str
    sub: str = ""


#: Numbers the answers since the start, so that a second one can be told from the first.
_answers = itertools.count(1)

TILES = (
    Choice(label="交党费", url="#", icon="wallet2", sub="6月、7月还没登记"),
    Choice(label="我的党组织", url="#", icon="diagram-3", sub="滨江家园社区第二党支部"),
    Choice(label="找党组织", url="#", icon="search"),
    Choice(label="我的申请", url="#", icon="inbox", sub="1件在办"),
    Choice(label="问服务台", url="#", icon="telephone"),
)

MEMBERS = (
    {"name": "赵*兰", "kind": "按月领养老金", "base": 386000, "due": 1930, "state": "已交", "look": "ok"},
    {"name": "钱*", "kind": "按月领工资", "base": 630000, "due": 9450, "state": "未交", "look": "warn"},
    {"name": "孙*明", "kind": "按月领工资", "base": 510000, "due": 7650, "state": "已减免", "look": "quiet"},
)

STEPS = (
    {"label": "已提交", "state": "done", "at": "2026年11月2日", "who": "本人", "note": ""},
    {"label": "支部核对", "state": "now", "at": "", "who": "李书记经办", "note": "一般3个工作日内答复。"},
    {"label": "结果通知", "state": "next", "at": "11月9日前", "who": "", "note": ""},
)

EDGES = (
    ("3000元及以下：0.5%", False),
    ("3000元到5000元：1%", False),
    ("5000元到10000元：1.5%", True),
    ("10000元以上：2%", False),
)


def example_code() -> Markup:
    """Return a QR code as inline SVG, as a voucher page carries it."""
    return Markup(segno.make("https://portal.example/v/2026-000123").svg_inline(border=2, omitsize=True))


def examples() -> dict[str, Any]:
    """Return what every rendering of the catalogue shows."""
    return {
        "tiles": TILES,
        "members": MEMBERS,
        "steps": STEPS,
        "edges": EDGES,
        "qr": example_code(),
        "may": date(2026, 5, 1),
        "typed": request.form,
        "sort": request.args.get("sort", "name"),
    }


@dev.route("/components", methods=["GET", "POST"])
@public
def components() -> Response:
    """Render the catalogue; a POST shows the error half of every form macro with the typed text kept."""
    wrong = request.method == "POST"
    status = 422 if wrong else 200
    return render("dev/components.html", status=status, wrong=wrong, **examples())


@dev.post("/keep")
@public
def keep() -> Any:
    """Answer a whole-page form in each way a view may, to show that nothing typed is lost."""
    wanted, words = request.form.get("answer", "303"), request.form.get("words", "")
    if wanted in {"409", "429", "500"}:
        abort(int(wanted))
    if wanted == "file":
        return Response(
            words, mimetype="text/csv", headers={"Content-Disposition": "attachment; filename=kept.csv"}
        )
    if wanted == "303":
        frame.say(f"收到：{words}")
        return go("/")
    status = 422 if wanted == "422" else 200
    kept = words if status == 200 else ""
    return render("dev/components.html", status=status, answered=status, kept=kept, **examples())


@dev.post("/answer")
@public
def answer() -> Response:
    """Answer as a good or a bad day would, so that the manners of htmx can be seen and tested."""
    wanted = request.form.get("answer", "200")
    if wanted in {"429", "500"}:
        abort(int(wanted))
    if wanted == "raised":
        said = "这个时间刚被别人约走，请换一个时间。"
        raise Conflict(said)
    if wanted == "slow":
        time.sleep(1.5)
    status = int(wanted) if wanted in {"409", "422"} else 200
    return render(
        "dev/components.html",
        block="answer",
        status=status,
        answered=status,
        times=next(_answers),
        **examples(),
    )
