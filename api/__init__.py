"""Number formats, accumulators and ways of adding: described, built, proved, measured."""
