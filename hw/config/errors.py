"""What can be wrong: one family, so that a caller needs one name."""

__all__ = ["Error"]


class Error(Exception):
    """Anything that fp8mac refuses or cannot do; the message is one sentence for the user.

    Every exception that the project defines is one of these, and a built-in one as well
    (`ValueError`, `RuntimeError`, `OSError`) where that says more.
    """
