"""Questions with known answers, and how networks are asked them."""
