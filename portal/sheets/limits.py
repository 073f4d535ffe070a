"""How large an uploaded sheet may be, before and after unpacking."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds on one file; bytes, counts. The defaults fit 100,000 members of 24 columns."""

    upload_bytes: int = 10 * 1024 * 1024
    unpacked_bytes: int = 200 * 1024 * 1024
    # an honest sheet packs about 10 to 20 times; a bomb a thousand times
    ratio: int = 150
    ratio_from_bytes: int = 10 * 1024 * 1024
    members: int = 1000
    rows: int = 100_000
    columns: int = 100
    cell_chars: int = 2000


DEFAULT = Limits()
