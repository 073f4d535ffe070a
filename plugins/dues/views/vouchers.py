"""Vouchers: my own, as a page, a picture or a PDF, and what a stranger with the QR code sees."""

from __future__ import annotations

from flask import Response, abort, current_app, g, url_for

from portal.api import public, render, requires

from .. import helping, pdf, picture
from .. import page_words as words
from ..queries import vouchers
from . import check, dues


@dues.get("/history")
@requires("dues.pay")
def history() -> Response:
    """List my vouchers, newest first."""
    if g.actor.member_id is None:
        abort(404)
    found = vouchers.of_member(g.actor.member_id)
    helped = helping.paid_by([one.source_key for one in found])
    return render("dues/history.html", vouchers=found, helped=helped, words=words)


@dues.get("/voucher/<token>")
@requires("dues.pay")
def voucher(token: str) -> Response:
    """Show one of my vouchers; it can be kept as a picture, printed, or saved as a PDF."""
    found = _mine(token)
    return render(
        "dues/voucher.html",
        voucher=found,
        qr=picture.qr_svg(check_url(token)),
        helped=helping.paid_by([found.source_key]).get(found.source_key),
        has_pdf=pdf.printable(found),
        words=words,
    )


@dues.get("/voucher/<token>.pdf")
@requires("dues.pay")
def voucher_pdf(token: str) -> Response:
    """Hand out one of my vouchers as a PDF."""
    found = _mine(token)
    if not pdf.printable(found):
        abort(404)
    made = pdf.voucher(found, check_url=check_url(token))
    response = Response(made, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"dues-{found.number}.pdf")
    return response


@check.get("/<token>")
@public
def public_check(token: str) -> Response:
    """Say whether a voucher is valid: number, months, masked name, no amount."""
    found = vouchers.public_check(token) if len(token) == 26 else None
    if found is None:
        return render("dues/check_unknown.html", status=404)
    return render("dues/public_check.html", found=found, words=words)


def check_url(token: str) -> str:
    """Return the address the QR code carries."""
    return f"{current_app.config['PUBLIC_URL']}{url_for('dues_check.public_check', token=token)}"


def _mine(token: str) -> vouchers.Voucher:
    found = vouchers.by_token(token)
    if found is None or g.actor.member_id is None or found.member_id != g.actor.member_id:
        abort(404)
    return found
