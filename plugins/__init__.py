"""The services of a center, one folder each."""
