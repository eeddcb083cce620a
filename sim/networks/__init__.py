"""Networks whose every product of matrices can run on the unit: models, data, what is measured."""
