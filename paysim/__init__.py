"""The payment simulator: a separate small program for demo and tests, no part of an installation."""
