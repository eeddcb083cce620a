"""Parts of units that align terms: what is aligned, placed in a window, added and rounded."""
