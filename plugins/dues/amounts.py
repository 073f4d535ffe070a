"""Read and write amounts of money in yuan; everything else counts integer fen."""

import re
from decimal import Decimal

_YUAN = re.compile(r"(?P<yuan>[0-9]{1,9})(?:\.(?P<fen>[0-9]{1,2}))?", re.ASCII)


def parse_yuan(text: str) -> int:
    """Return the fen in ``text`` ("5100", "5100.5", "5100.05").

    Raises ValueError for a sign, an exponent, separators, full-width digits or more than two decimals:
    a sum that had to be guessed is a sum that may be wrong.
    """
    found = _YUAN.fullmatch(text)
    if found is None:
        raise ValueError(f"not an amount in yuan with at most two decimals: {text!r}")
    return int(found["yuan"]) * 100 + int((found["fen"] or "0").ljust(2, "0"))


def yuan(fen: int) -> str:
    """Return ``fen`` as yuan with two decimals, "94.50"."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole}.{rest:02d}"


def short_yuan(fen: int) -> str:
    """Return ``fen`` as people say it, "6300" rather than "6300.00"."""
    return yuan(fen).removesuffix(".00")


def percent(rate: Decimal) -> str:
    """Return a rate as people say it: Decimal("0.015") is "1.5%"."""
    return f"{(rate * 100).normalize():f}%"
