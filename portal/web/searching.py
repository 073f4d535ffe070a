"""What is searched for travels by POST, and a whole number stands in no address but sealed (ASVS 14.2.1).

Addresses are kept: by browsers, by proxies, by whoever is sent a link. A name there is what the desk wants to
come back to; a telephone or identity number is sealed for this account, so that paging, sorting, filters and
the sheet go on working, and nobody reads it.

A page that searches calls ``by_post`` once, reads ``typed()``, and shows its box with ``posted``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.exceptions import BadRequest

from portal import crypto
from portal.identity.people import tidy
from portal.web.access import requires

_PLACE = "desk.searched"
_SEALED = "~"
#: So many digits in a row begin a telephone or an identity number, also while somebody still types it.
_NUMBER = re.compile(r"\d{6}", re.ASCII)
_BETWEEN = str.maketrans("", "", "-–—()·.+")
_LONGEST = 200


class SealedElsewhere(BadRequest):
    """The address holds a number that was sealed for another account, or was cut off on its way."""

    said = {"sealed": True}


def by_post(blueprint: Blueprint, rule: str, page: str, permission: str, *, keep: Iterable[str] = ()) -> None:
    """Let a page be searched by POST under ``<rule>/search``.

    Args:
        blueprint: that of the page.
        rule: the page's own rule in it.
        page: the page's function; what was typed leads to its address.
        permission: what the page requires.
        keep: names of further fields that stay in the address, a filter say.
    """

    @requires(permission)
    def search() -> Any:
        """Lead to the page of what was searched for; a whole number stands sealed in its address."""
        kept = {name: request.form[name][:_LONGEST] for name in keep if request.form.get(name)}
        return to(f"{blueprint.name}.{page}", **kept)

    blueprint.add_url_rule(f"{rule}/search", f"search_{page}", search, methods=["POST"])


def to(endpoint: str, **kept: Any) -> Any:
    """Lead to what the form of this request searches for; a script follows, and asks as it asked."""
    text = request.form.get("q", "").strip()
    return redirect(url_for(endpoint, q=in_address(text) if text else None, **kept), 303)


def in_address(text: str) -> str:
    """Return what stands for a searched text in an address: a number sealed, everything else as it is."""
    if not text.startswith(_SEALED) and not _NUMBER.search(tidy(text).translate(_BETWEEN)):
        return text
    sealed = crypto.encrypt(_PLACE, g.actor.uid, text[:_LONGEST])
    return _SEALED + base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def typed() -> str:
    """Return the text that the address of this request stands for.

    Raises:
        SealedElsewhere: it was sealed for another account, or is no longer whole.
    """
    said = request.args.get("q", "")
    if not said.startswith(_SEALED):
        return said
    try:
        sealed = base64.urlsafe_b64decode(said[1:] + "=" * (-len(said[1:]) % 4))
        return crypto.decrypt(_PLACE, g.actor.uid, sealed)
    except (binascii.Error, ValueError, IndexError, crypto.CryptoError) as error:
        raise SealedElsewhere from error
