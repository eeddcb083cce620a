"""What Yosys says of a text that it cannot read, in words of that text."""

import re

__all__ = ["edges", "plain"]


def edges(rtlil: str, process: str) -> str:
    """Edges that a process waits for."""
    body = re.search(rf"^  process {re.escape(process)}\n(.*?)^  end$", rtlil, re.M | re.S)
    found = re.findall(r"^    sync (pos|neg)edge \\?(.+)", body[1] if body else "", re.M)
    words = {"pos": "rising", "neg": "falling"}
    return " and ".join(f"the {words[edge]} edge of '{net}'" for edge, net in found)


def plain(reason: str) -> str:
    """What Yosys said, without its own names of things."""
    reason = re.sub(r" from \w+ process .*", "", reason)
    return re.sub(r"[`']?\\(\S+?)'", r"'\1'", reason).replace("\\", "").replace("`", "'")
