"""Gates of fifteen units: published, by the closed form, synthesised."""
