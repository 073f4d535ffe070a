"""Say no the way WeChat does."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """An error reply: HTTP status, code, message, detail. Unsigned on the wire unless asked otherwise."""

    def __init__(self, status: int, code: str, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.detail = status, code, message, detail

    def body(self) -> dict[str, Any]:
        """Return the JSON of the reply."""
        return {
            "code": self.code,
            "message": self.message,
            **({"detail": self.detail} if self.detail else {}),
        }


def param_error(field: str, value: object, issue: str, location: str = "body") -> Refusal:
    """Return a PARAM_ERROR that names the field, as the real service does."""
    pointer = "/" + field.replace(".", "/")
    detail = {"field": pointer, "value": str(value)[:128], "issue": issue, "location": location}
    return Refusal(400, "PARAM_ERROR", "参数错误", detail)
