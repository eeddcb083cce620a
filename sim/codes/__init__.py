"""Arrays of numbers to codes and back."""
