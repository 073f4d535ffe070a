"""What a session keeps of where it began, so that its owner knows it again, and too little to follow."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from portal.words import gettext, lazy_gettext

#: (mark in the browser's line, our word), the first that fits.
_SYSTEMS = (
    ("HarmonyOS", "harmony"),
    ("Android", "android"),
    ("iPhone", "iphone"),
    ("iPad", "ipad"),
    ("Windows", "windows"),
    ("Mac OS X", "mac"),
    ("Linux", "linux"),
)
_BROWSERS = (
    ("MicroMessenger", "wechat"),
    ("Edg", "edge"),
    ("Firefox", "firefox"),
    ("Chrome", "chrome"),
    ("Safari", "safari"),
)
_WORDS: dict[str, Any] = {
    "harmony": lazy_gettext("鸿蒙手机"),
    "android": lazy_gettext("安卓手机"),
    "iphone": lazy_gettext("苹果手机"),
    "ipad": lazy_gettext("苹果平板"),
    "windows": lazy_gettext("Windows电脑"),
    "mac": lazy_gettext("苹果电脑"),
    "linux": lazy_gettext("Linux电脑"),
    "wechat": lazy_gettext("微信"),
    "edge": "Edge",
    "firefox": "Firefox",
    "chrome": "Chrome",
    "safari": "Safari",
}


def device(user_agent: str) -> str:
    """Return the kind of device and browser in words of ours, ``android wechat``, as far as known."""
    parts = (_first(_SYSTEMS, user_agent), _first(_BROWSERS, user_agent))
    return " ".join(part for part in parts if part)


def _first(marks: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((word for mark, word in marks if mark in user_agent), "")


def device_words(kept: str) -> str:
    """Say a kept device to its owner: 安卓手机 · 微信."""
    # Sessions begun before kept the browser's own line.
    known = kept if re.fullmatch(r"[a-z]*( [a-z]+)?", kept) else device(kept)
    found = [str(_WORDS[part]) for part in known.split() if part in _WORDS]
    return " · ".join(found) or gettext("认不出的设备")


def place(address: str | None) -> str:
    """Return the beginning of an address: two numbers of four, or an IPv6 /32; ``local`` inside a house."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    if found.is_private or found.is_loopback or found.is_link_local:
        return "local"
    if found.version == 4:
        return ".".join(str(found).split(".")[:2])
    return str(ipaddress.ip_network(f"{found}/32", strict=False).network_address)


def place_words(kept: str) -> str:
    """Say a kept place to its owner."""
    if not kept:
        return gettext("不知道从哪里")
    if kept == "local":
        return gettext("单位或家里的内网")
    return gettext("网络地址以%(start)s开头", start=kept)
