"""Units on FPGAs: what they take, and how fast they are."""
