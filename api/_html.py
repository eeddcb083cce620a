"""Tables for notebooks."""

from collections.abc import Iterable
from html import escape

__all__ = ["table"]


def table(caption: str, head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    """A table in HTML; None is an empty cell.

    Examples
    --------
    >>> table("a -> b", ["name", "bits"], [["acc", 16]])
    '<table><caption>a -&gt; b</caption><tr><th>name</th><th>bits</th></tr>\
<tr><td>acc</td><td>16</td></tr></table>'
    """
    lines = [_row("th", head), *(_row("td", row) for row in rows)]
    return f"<table><caption>{escape(caption)}</caption>{''.join(lines)}</table>"


def _row(tag: str, cells: Iterable[object]) -> str:
    texts = (escape("" if cell is None else str(cell)) for cell in cells)
    return f"<tr>{''.join(f'<{tag}>{text}</{tag}>' for text in texts)}</tr>"
