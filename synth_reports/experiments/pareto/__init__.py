"""Area, delay and energy against accuracy."""
