"""What is searched for travels by POST, and a whole number stands in no address but sealed (ASVS 14.2.1).

Addresses are kept: by browsers, by proxies, by whoever is sent a link. A name there is what the desk wants to
come back to; a telephone or identity number is sealed for this account, so that paging, sorting, filters and
the sheet go on working, and nobody reads it.
"""

from __future__ import annotations

import base64
import binascii
import re

from flask import abort, g, request

from portal import crypto
from portal.identity.people import tidy

_PLACE = "desk.searched"
_SEALED = "~"
#: So many digits in a row begin a telephone or an identity number, also while somebody still types it.
_NUMBER = re.compile(r"\d{6}", re.ASCII)
_BETWEEN = str.maketrans("", "", "-–—()·.+")
_LONGEST = 200


def in_address(text: str) -> str:
    """Return what stands for a searched text in an address: a number sealed, everything else as it is."""
    if not text.startswith(_SEALED) and not _NUMBER.search(tidy(text).translate(_BETWEEN)):
        return text
    sealed = crypto.encrypt(_PLACE, g.actor.uid, text[:_LONGEST])
    return _SEALED + base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def typed() -> str:
    """Return the text that the address of this request stands for; 400 for one sealed for somebody else."""
    said = request.args.get("q", "")
    if not said.startswith(_SEALED):
        return said
    try:
        sealed = base64.urlsafe_b64decode(said[1:] + "=" * (-len(said[1:]) % 4))
        return crypto.decrypt(_PLACE, g.actor.uid, sealed)
    except (binascii.Error, ValueError, IndexError, crypto.CryptoError):
        abort(400)
