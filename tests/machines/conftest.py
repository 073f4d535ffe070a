"""The fixtures of these tests."""

from __future__ import annotations

from tests.machines.single import single

__all__ = ["single"]
