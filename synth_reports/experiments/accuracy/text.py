"""Accuracy as text: tables of a network's rows, in points, that is per cent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.accuracy.cases import SILICON
from fp8mac.synth_reports.render.tables import markdown_table

__all__ = [
    "Rows",
    "delta",
    "experiment_tables",
    "network_markdown",
    "number",
    "order",
    "pick",
    "silicon_table",
]

Rows = list[dict[str, Any]]

_METRICS = {
    "top1": "share of right answers, in per cent",
    "spearman": "rank correlation with people's answers, times 100",
    "phonemes": "100 less the phoneme error rate in per cent",
    "agreement": "share of answers that are float32's, in per cent; there are no labels",
    "rank": "rank correlation with float32's answers, times 100; there are no labels",
}


def pick(rows: Rows, experiment: str, **wanted: Any) -> Rows:
    """Rows of an experiment whose columns have the wanted values."""
    return [
        row
        for row in rows
        if row["experiment"] == experiment
        and all(row[column] == value for column, value in wanted.items())
    ]


def delta(row: dict[str, Any]) -> str:
    """Difference to float32 with its interval, in points; and what broke."""
    value, low, high = (
        100 * row[name] for name in ("difference", "difference_low", "difference_high")
    )
    broken = f", {row['broken']} broken" if row["broken"] else ""
    return f"{value:+.2f} [{low:+.1f}, {high:+.1f}]{broken}"


def number(value: float | None, digits: int = 1) -> str:
    """A number, or nothing where there is none."""
    return "" if value is None else f"{value:.{digits}f}"


def order(rows: Rows) -> list[str]:
    """Formats from the best signal-to-noise ratio down."""
    known = [row for row in rows if row["sqnr_db"] is not None]
    return [row["a_format"] for row in sorted(known, key=lambda row: -row["sqnr_db"])]


def network_markdown(rows: Rows, commands: Mapping[str, str]) -> str:
    """Page of a network; ``commands`` says what has made each experiment."""
    made = ", ".join(f"`{each}`" for each in dict.fromkeys(commands.values()))
    first = rows[0]
    sections = [f"## {title}\n\n{text}" for title, text in experiment_tables(rows)]
    return f"""\
# {first["network"]}: accuracy on units

Made by {made}; {first["samples"]} questions, 95 % intervals of the paired difference.
Metric: {_METRICS[first["metric"]]}; float32 reaches {100 * first["reference"]:.2f}. SQNR is that of
the outputs against float32, *agreement* how far the answers are float32's. *Broken* are questions
with an output that is infinite or NaN.

{chr(10).join(sections)}"""


def experiment_tables(rows: Rows) -> list[tuple[str, str]]:
    """Title and text of each experiment that there are rows of."""
    writers: list[tuple[str, str, Callable[[Rows], str]]] = [
        ("formats", "Formats and accumulators", _formats),
        ("calibration", "Calibration", _calibration),
        ("headroom", "Headroom in an FP16 accumulator", _headroom),
        ("w4a8", "Weights of 4 bits", _w4a8),
        ("cast", "Scales against plain casting, and moved exponent biases", _cast),
        ("partial_sums", "Partial sums", _partial_sums),
        ("qat", "Training with rounding", _qat),
        ("convert", "Trained in one format, run in another", _convert),
        ("silicon", "Units of real silicon", _silicon),
    ]
    found = []
    for experiment, title, writer in writers:
        chosen = [row for row in rows if row["experiment"] == experiment]
        if chosen:
            found.append((title, writer(chosen) + "\n"))
    return found


def _matrix(
    rows: Rows, left: str, top: str, cell: Callable[[dict[str, Any]], str], corner: str = ""
) -> str:
    """Table of one column of the rows against another."""
    tops = list(dict.fromkeys(row[top] for row in rows))
    lefts = list(dict.fromkeys(row[left] for row in rows))
    cells = {(row[left], row[top]): cell(row) for row in rows}
    body = [[str(each), *(cells.get((each, other), "") for other in tops)] for each in lefts]
    return markdown_table([corner, *map(str, tops)], body)


def _sqnr(row: dict[str, Any]) -> str:
    return number(row["sqnr_db"])


def _formats(rows: Rows) -> str:
    first = rows[0]
    return f"""\
Scales by {first["calibration"]}, one for each output channel's weights and one for the activations.
Difference to float32, in points:

{_matrix(rows, "a_format", "accumulator", delta)}

SQNR, dB:

{_matrix(rows, "a_format", "accumulator", _sqnr)}

Agreement with float32, per cent:

{_matrix(rows, "a_format", "accumulator", lambda row: number(100 * row["agreement"]))}
"""


def _calibration(rows: Rows) -> str:
    named = [row | {"way": _way(row)} for row in rows]
    return f"""\
Exact sums. Difference to float32, in points:

{_matrix(named, "a_format", "way", delta)}

SQNR, dB:

{_matrix(named, "a_format", "way", _sqnr)}
"""


def _way(row: dict[str, Any]) -> str:
    if row["w_scale"] == "tensor":
        return f"{row['calibration']}, per tensor"
    return row["calibration"] + ", powers of two" * row["power_of_two"]


def _headroom(rows: Rows) -> str:
    named = [row | {"way": "headroom" if row["headroom"] else "none"} for row in rows]
    return f"""\
A scale that fills an 8-bit format fills an accumulator too soon: 448 x 448 is beyond FP16. With
headroom, codes of both sides are made smaller by powers of two until the sums of the calibration
data stay four times below the accumulator's largest number, shared so that rounding them makes the
least noise. They saturate where they did.

{_matrix(named, "a_format", "way", delta)}
"""


def _w4a8(rows: Rows) -> str:
    named = [row | {"way": f"{row['a_format']} x {row['w_format']}"} for row in rows]
    return f"""\
Activations x weights. Difference to float32, in points:

{_matrix(named, "way", "accumulator", delta)}

SQNR, dB:

{_matrix(named, "way", "accumulator", _sqnr)}
"""


def _cast(rows: Rows) -> str:
    named = [
        row
        | {
            "way": "scaled" if row["calibration"] != "none" else "cast",
            "where": "products" if row["residual_format"] == "fp32" else "products and residuals",
        }
        for row in rows
    ]
    for row in named:
        row["place"] = f"{row['a_format']}, {row['way']}"
    return f"""\
Exact sums; *cast* has no scales, `e4m3b10` is e4m3 with an exponent bias of 10. Difference to
float32, in points:

{_matrix(named, "place", "where", delta)}

SQNR, dB:

{_matrix(named, "place", "where", _sqnr)}
"""


def _partial_sums(rows: Rows) -> str:
    named = [row | {"part": row["chunk"] or "all"} for row in rows]
    return f"""\
E4M3 products, so many added in the accumulator and these partial sums in FP32. SQNR, dB:

{_matrix(named, "accumulator", "part", _sqnr)}
"""


def _qat(rows: Rows) -> str:
    ways = {"": "as it was", "fp32": "trained on in float32"}
    named = [
        row
        | {
            "way": ways.get(row["trained"], "trained on with rounding"),
            "place": f"{row['a_format']} x {row['w_format']}, {row['accumulator']}",
        }
        for row in rows
    ]
    return f"""\
Difference to the network as it was, in float32, in points:

{_matrix(named, "place", "way", delta)}
"""


def _convert(rows: Rows) -> str:
    body = [
        [row["trained"].partition(",")[0] or "float32", row["a_format"], delta(row), _sqnr(row)]
        for row in rows
    ]
    titles = ["trained in", "run in", "difference, points", "SQNR, dB"]
    return "Exact sums.\n\n" + markdown_table(titles, _unique(body)) + "\n"


def silicon_table(rows: Rows, cell: Callable[[dict[str, Any]], str] = delta) -> str:
    """Networks by units of real silicon."""
    names = {parse_line(text).slug: name for name, text in SILICON.items()}
    named = [row | {"name": names[row["unit"]]} for row in rows]
    return _matrix(named, "network", "name", cell)


def _silicon(rows: Rows) -> str:
    lines = "\n".join(f"- {name}: `{parse_line(text).text}`" for name, text in SILICON.items())
    return f"""\
FP8 matrix units as they are, and exact sums; {rows[0]["samples"]} questions. Difference to float32,
in points:

{silicon_table(rows)}

SQNR of the outputs against float32, dB; operands rounded to FP8 are in it:

{silicon_table(rows, _sqnr)}

{lines}
"""


def _unique(body: Sequence[list[str]]) -> list[list[str]]:
    return [list(each) for each in dict.fromkeys(map(tuple, body))]
