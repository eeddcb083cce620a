"""Embedded networks and pictures, and those that come inside packages."""
