"""How many bits a window of FP8 products needs."""
