"""The checkers behind the guarding tests; each reads a tree, so that a test can plant a fault in one."""
