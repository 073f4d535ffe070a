"""Organizations, units and members from sheets: upload, dry run, one commit, undo."""
