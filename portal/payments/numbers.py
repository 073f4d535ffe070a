"""Order numbers for the channel: ``D<district in base 36><yymmdd><tail of a ULID>`` (payments.md §4.4)."""

from __future__ import annotations

from portal import clock, crypto

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def out_trade_no(district_id: int) -> str:
    """Return a new order number of at most 32 characters of ``[0-9A-Z]``, unique without asking anybody.

    The tail holds the 80 random bits of a ULID.
    """
    day = clock.today().strftime("%y%m%d")
    return f"D{base36(district_id)}{day}{crypto.new_uid()[-16:]}"


def base36(number: int) -> str:
    """Write a non-negative number with digits and capital letters."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text
