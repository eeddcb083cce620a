"""A sweep as files: its points, a page, a picture."""
