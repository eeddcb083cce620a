"""What the arithmetic is: the golden model, stimuli, and netlists evaluated in bulk."""
