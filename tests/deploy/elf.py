"""What a compiled file (ELF, 64 bits) says it needs: read from its bytes, as binutils may not be there."""

from __future__ import annotations

import struct

MACHINES = {62: "x86_64", 183: "aarch64"}
#: SHT_GNU_verneed: the section that lists the versions of other libraries' symbols.
_NEEDED = 0x6FFFFFFE


def machine(data: bytes) -> str:
    """Return which processor the file is for."""
    number: int = struct.unpack_from("<H", data, 18)[0]
    return MACHINES.get(number, str(number))


def needed(data: bytes) -> set[str]:
    """Return the versions of symbols it asks others for: ``GLIBC_2.17``, ``GCC_3.0``."""
    assert data[:6] == b"\x7fELF\x02\x01", "64 bits, little end first"
    (first,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    # name, type, flags, address, offset, size, link, info
    sections = [struct.unpack_from("<IIQQQQII", data, first + size * number) for number in range(count)]
    found = set()
    for _, kind, _, _, start, _, link, entries in sections:
        if kind != _NEEDED:
            continue
        names = sections[link][4]
        at = start
        for _ in range(entries):
            _, versions, _, below, following = struct.unpack_from("<HHIII", data, at)
            version = at + below
            for _ in range(versions):
                _, _, _, name, beside = struct.unpack_from("<IHHII", data, version)
                found.add(data[names + name : data.index(b"\0", names + name)].decode())
                version += beside
            at += following
    return found
