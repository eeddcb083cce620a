"""What matrix units cost, beside as many units as they have."""
