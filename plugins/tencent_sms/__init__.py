"""Text messages through Tencent Cloud."""

from plugins.tencent_sms.plugin import plugin

__all__ = ["plugin"]
