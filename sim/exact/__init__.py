"""The golden model: integers and fractions only."""
