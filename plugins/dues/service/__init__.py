"""The verbs of the dues: everything that changes something, each one transaction."""
