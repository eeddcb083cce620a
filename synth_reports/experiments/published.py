"""Published numbers, as data."""

import csv
import io
from importlib.resources import files

__all__ = ["published"]


def published(name: str) -> list[dict[str, str]]:
    """Rows of a table of published numbers, each with its source."""
    path = files("fp8mac.synth_reports") / "published" / f"{name}.csv"
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
