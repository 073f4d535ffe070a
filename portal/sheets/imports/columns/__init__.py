"""What each sheet may contain: headers, parsers, data classes."""
