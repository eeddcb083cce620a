"""Commands of the page that one looks at."""
