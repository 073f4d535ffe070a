"""WeChat Pay (APIv3): JSAPI, H5 and Native payments into a district's own merchant account."""

from .plugin import plugin

__all__ = ["plugin"]
