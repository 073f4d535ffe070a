"""The desk's own pages: the registers of members, organizations and units, by hand."""
