"""Descriptions of MAC units, and the circuits that they describe."""

if __name__ != "fp8mac.hw":
    raise ImportError("This folder is the package fp8mac.hw; install the project and import that.")
