"""The command line."""

INTERRUPTED = "Interrupted; what was finished is kept."
