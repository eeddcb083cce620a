"""Units against every file of recorded rows in a folder."""
