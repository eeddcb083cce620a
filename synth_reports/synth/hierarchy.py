"""Modules of a design."""

import re

__all__ = ["submodules"]


def submodules(rtlil: str, top: str) -> list[str]:
    """Paths of the modules below the top one, outermost first."""
    return re.findall(rf"^module \\{re.escape(top)}\.(\S+)$", rtlil, re.MULTILINE)
