"""What a circuit is built for."""

from enum import Enum

__all__ = ["Goal"]


class Goal(Enum):
    """What a circuit is built for: few gates, or a short path. It computes the same."""

    AREA = "area"
    SPEED = "speed"
