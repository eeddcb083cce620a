"""What can be wrong with a model or with the way it is brought to a unit."""

from fp8mac.hw.config.errors import Error

__all__ = ["TorchError"]


class TorchError(Error, ValueError):
    """A model, an operation or an option that no unit can compute; one sentence for the user."""
