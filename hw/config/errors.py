"""What can be wrong: one family, so that a caller needs one name."""

import operator
from typing import Any

__all__ = ["ConfigError", "Error", "integer"]


class Error(Exception):
    """Anything that fp8mac refuses or cannot do; the message is one sentence for the user.

    Every exception that the project defines is one of these, and a built-in one as well
    (`ValueError`, `RuntimeError`, `OSError`) where that says more.
    """


class ConfigError(Error, ValueError):
    """A unit that cannot exist; the message is one sentence for the user."""


def integer(value: Any, name: str) -> int:
    """An integer of Python, or of whatever else is exactly one.

    Raises
    ------
    ConfigError
        If it is anything else, a bool included.
    """
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise ConfigError(f"{name} is an integer, not {value!r}.")
