"""Cell libraries: our own, free of any technology, and a reader for users' Liberty files."""
