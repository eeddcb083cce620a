"""ABC scripts as they lie in the package's files."""

from pathlib import Path

__all__ = ["FLOWS", "read_scripts"]

FLOWS = Path(__file__).parent / "flows"
"""Where flows lie."""


def read_scripts(text: str) -> tuple[str, ...]:
    """Paragraphs of a file, without comments."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(part.strip() for part in "\n".join(lines).split("\n\n") if part.strip())
