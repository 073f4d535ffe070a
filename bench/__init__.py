"""What a page costs: ratios to a bare reply on the same server in the same run (``make bench``)."""
