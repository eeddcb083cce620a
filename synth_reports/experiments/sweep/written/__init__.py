"""A sweep and a recommendation as text, and as files: points, a page, a picture."""
