"""Codes of nobody: valid checksums, a division code that was never assigned, phones no channel reaches."""

from __future__ import annotations

from datetime import date

#: No place ever had this division code (GB/T 2260), so no real person or company can have these numbers.
DIVISION = "999999"

_RIC_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
USCC_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def ric(born: date, sequence: int) -> str:
    """Return a national id (GB 11643-1999); an odd ``sequence`` (0-999) is a man's."""
    body = f"{DIVISION}{born:%Y%m%d}{sequence:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _RIC_WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def uscc(number: int, *, kind: str) -> str:
    """Return a credit code (GB 32100-2015); ``kind`` is department and class: 91, 92, 52, 51."""
    body = f"{number:08d}"
    total = sum(_ORG_DIGITS.index(digit) * weight for digit, weight in zip(body, ORG_WEIGHTS, strict=True))
    rest = 11 - total % 11
    check = "0" if rest == 11 else "X" if rest == 10 else str(rest)
    text = f"{kind}{DIVISION}{body}{check}"
    total = sum(USCC_DIGITS.index(digit) * weight for digit, weight in zip(text, USCC_WEIGHTS, strict=True))
    return text + USCC_DIGITS[(31 - total % 31) % 31]


def phone(number: int) -> str:
    """Return a phone number no network serves: nothing begins with 100 and has eleven digits."""
    return f"100{number:08d}"
