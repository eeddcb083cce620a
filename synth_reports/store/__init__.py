"""Results on disk, and work on all processors."""
