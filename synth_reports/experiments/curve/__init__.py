"""Area against delay of all structures of a unit."""
