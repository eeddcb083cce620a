"""What can be wrong with a network or its data."""

from fp8mac.hw.config.errors import Error

__all__ = ["NetworkError"]


class NetworkError(Error, ValueError):
    """A network or data set that cannot be used; the message is one sentence for the user."""
