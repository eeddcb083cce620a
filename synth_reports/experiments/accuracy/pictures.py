"""Noise of formats and accumulators as pictures; noise against the length of sums as a table."""

from collections.abc import Sequence

from fp8mac.sim.networks.tasks.zoo import SAME_ANSWERS
from fp8mac.synth_reports.experiments.accuracy.text import Rows, pick
from fp8mac.synth_reports.experiments.sum_error.length import SUMS, SumLength
from fp8mac.synth_reports.render.plots import Lines, Panel, grouped_bars, line_panels
from fp8mac.synth_reports.render.tables import markdown_table

__all__ = ["pictures", "sum_length_text"]


def sum_length_text(points: Sequence[SumLength]) -> str:
    """Noise of the accumulator alone, by length."""
    lengths = list(dict.fromkeys(point.terms for point in points))
    sections = []
    for signs in dict.fromkeys(point.signs for point in points):
        body = []
        some = [point for point in points if point.signs == signs]
        for name in dict.fromkeys((point.format, point.accumulator) for point in some):
            cells = [
                _point_cell(point) for point in some if (point.format, point.accumulator) == name
            ]
            body.append([" in ".join(name), *cells])
        sections.append(f"## {signs}\n\n{markdown_table(['', *map(str, lengths)], body)}\n")
    return f"""\
# Length of the sum

Made by `fp8mac accuracy`. SQNR in dB of sums in an accumulator against exact sums of the same
codes, {SUMS:,} sums a cell; in brackets the share of swamped products in per cent. Operands are \
drawn
from a layer of the Fashion-MNIST network; *one sign* takes their magnitudes.

{chr(10).join(sections)}"""


def _point_cell(point: SumLength) -> str:
    if point.overflow_share == 1:
        return "overflow"
    over = f", {100 * point.overflow_share:.0f} % overflow" if point.overflow_share else ""
    value = "exact" if point.sqnr_db is None else f"{point.sqnr_db:.0f}"
    return f"{value} ({100 * point.swamped_share:.0f}{over})"


def pictures(rows: Rows, points: Sequence[SumLength]) -> dict[str, bytes]:
    """Files by name: SQNR of formats in accumulators, and against the length of sums."""
    panels = []
    networks = dict.fromkeys(row["network"] for row in pick(rows, "formats"))
    for network in (each for each in networks if each not in SAME_ANSWERS):
        some = pick(rows, "formats", network=network)
        by_both = {(row["a_format"], row["accumulator"]): row["sqnr_db"] or 0.0 for row in some}
        accumulators = dict.fromkeys(row["accumulator"] for row in some)
        names = list(dict.fromkeys(row["a_format"] for row in some))
        bars = {acc: [by_both[name, acc] for name in names] for acc in accumulators}
        panels.append(Panel(f"{network}, {some[0]['samples']:,} questions", names, bars))
    files = {}
    if panels:
        title = "Signal to quantisation noise of networks on multiply-accumulate units"
        note = "one ratio over the outputs of all questions, without an interval"
        drawn = grouped_bars(title, "SQNR of the outputs, dB", panels, note=note)
        for suffix, data in drawn.items():
            files[f"accuracy.{suffix}"] = data
    lines = []
    for signs in dict.fromkeys(point.signs for point in points):
        some = [point for point in points if point.signs == signs and point.format == "e4m3"]
        curves = {
            acc: [
                (float(point.terms), point.sqnr_db)
                for point in some
                if point.accumulator == acc and point.sqnr_db is not None
            ]
            for acc in dict.fromkeys(point.accumulator for point in some)
        }
        lines.append(Lines(f"e4m3 products, {signs}", curves))
    if lines:
        axes = ("products in a sum", "SQNR of the sums, dB")
        title = "Noise of the accumulator alone"
        note = f"one ratio over {SUMS:,} sums a point, without an interval"
        for suffix, data in line_panels(title, axes, lines, note=note).items():
            files[f"sum_length.{suffix}"] = data
    return files
