"""Small tasks that are trained on units: data that come with the package, models, loops."""
