"""Mutation runs: faults planted one by one into the rooms that matter most, and which of them a test notices.

``make mutation`` (hours; never a part of ``make test``). The rooms, their files and their tests stand in
pyproject.toml, the outcome in docs/mutation.md, why it is a runner of our own in docs/architecture.md.
"""
