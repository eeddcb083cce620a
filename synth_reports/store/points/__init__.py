"""Points of the design space in one SQLite file, which other tools read as it is."""
