"""The district's own values: those of a policy (``policy.py``), which venues and rooms may override."""

from .policy import DECLARED

SETTINGS = DECLARED
