"""Circuits that all families use: prefix networks, compressors, shifters, what travels between."""
