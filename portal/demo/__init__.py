"""The demo: two districts with published figures and invented people, for a fresh machine."""
