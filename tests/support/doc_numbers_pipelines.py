"""Numbers of docs/pipelines.md."""

from doc_numbers import table


def pipelines() -> list[str]:
    """Rows of the units that are placed and routed."""
    return [
        f"| {row['unit']} | {row['luts']} | {float(row['mhz_median']):.1f} |"
        for row in table("route")
    ]
