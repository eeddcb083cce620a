"""What can be wrong with a network or its data."""

__all__ = ["NetworkError"]


class NetworkError(ValueError):
    """A network or data set that cannot be used; the message is one sentence for the user."""
