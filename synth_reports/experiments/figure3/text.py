"""What the fifteen units say, in tables and in sentences that are computed from them."""

from itertools import groupby

from fp8mac.synth_reports.experiments.figure3.figure3 import ACCURACY_GATES, Figure3Row
from fp8mac.synth_reports.render.tables import markdown_table

__all__ = ["markdown_text"]

_COUNTS = {
    "core_and_flip_flops": "the core with flip-flops",
    "with_product_register": "the core with flip-flops and a product register",
    "unit": "the registered unit",
}


def markdown_text(rows: list[Figure3Row], command: str) -> str:
    """The page: totals, what they say, ratios, and the closed form part by part."""
    tools = rows[0].core
    return f"""\
# Figure 3 of arXiv:2303.17951, and what synthesis makes of it

Made by `{command}`: {tools.flow_text}, Yosys {tools.yosys},
{tools.abc_text}, Amaranth {tools.amaranth}. The method is in `docs/cost.md`.

![Gates of the units](figure3.svg)

Gates: AND, OR and their inverses 1, flip-flop 6; XOR and multiplexer are the three gates that they
consist of, and may share, as in a half adder. *Published* bars are read off the drawing, within
{ACCURACY_GATES} gates. *Model* is the closed form. Ours are synthesised: *core + flip-flops* is the
combinational core and 6 gates for each bit of its state; *+ product register* adds the paper's
register between multiplier and adder, which our units have not; *unit* is the registered unit with
enable, clear and reset. Percentages are relative to the published bar.

{_totals(rows)}

## What it says

{_sentences(rows)}

## Ratios

To int8s in fixed point, as in the paper, and in brackets to int8s in the same accumulator.

{_ratios(rows)}

## The closed form, part by part

Published gates, the closed form's, and the difference.

{_parts(rows)}
"""


def _name(row: Figure3Row) -> str:
    return f"{row.config.a.name} in {row.config.accumulator.name}"


def _totals(rows: list[Figure3Row]) -> str:
    kinds = ("model", "core_and_flip_flops", "with_product_register", "unit")
    return markdown_table(
        ["unit", "published", "model", "core + flip-flops", "+ product register", "unit"],
        [
            [
                _name(row),
                f"{row.published.total:.0f}",
                *(f"{row.gates(kind):.0f} ({row.deviation(kind):+.1%})" for kind in kinds),
            ]
            for row in rows
        ],
    )


def _ratios(rows: list[Figure3Row]) -> str:
    kinds = ("published", "core_and_flip_flops", "with_product_register", "unit")
    int8 = {row.config.accumulator.name: row for row in rows if row.config.a.name == "int8s"}
    fixed, lines = int8.get("kulisch:12"), []
    for row in rows:
        same = int8.get(row.config.accumulator.name)
        if fixed and same:
            lines.append(
                [_name(row)]
                + [
                    f"{row.gates(kind) / fixed.gates(kind):.2f} "
                    f"({row.gates(kind) / same.gates(kind):.2f})"
                    for kind in kinds
                ]
            )
    return markdown_table(
        ["unit", "published", "core + flip-flops", "+ product register", "unit"], lines
    )


def _parts(rows: list[Figure3Row]) -> str:
    def cell(published: float, model: float) -> str:
        return f"{published:.0f} {model:.0f} ({model - published:+.0f})"

    lines = []
    for row in rows:
        ours, theirs = row.model, row.published
        lines.append(
            [
                _name(row),
                cell(theirs.multiplier, ours.multiplier),
                cell(theirs.align_add, ours.align_add),
                cell(theirs.normalise_accumulate, ours.normalise_accumulate),
                f"{cell(theirs.total, ours.total)[:-1]}, {row.deviation('model'):+.1%})",
            ]
        )
    return markdown_table(
        ["unit", "multiplier", "align, add", "normalise, accumulate", "total"], lines
    )


def _sentences(rows: list[Figure3Row]) -> str:
    worst = max(rows, key=lambda row: abs(row.deviation("model")))
    closeness = f"{abs(worst.deviation('model')):.1%}"
    sentences = [f"The closed form is at most {closeness} off a published bar ({_name(worst)})."]
    sentences += _orders(rows)
    sentences += _baseline(rows)
    sentences += [_undercut(rows, kind, title) for kind, title in _COUNTS.items()]
    return "\n".join(f"- {sentence}" for sentence in sentences if sentence)


def _orders(rows: list[Figure3Row]) -> list[str]:
    """What is cheap and what is dear; counts that agree share a sentence."""
    whose: dict[str, list[str]] = {}
    for kind, name in {"published": "the published bars", **_COUNTS}.items():
        whose.setdefault(_order(rows, kind), []).append(name)
    return [f"By {', by '.join(names)}, cheapest first: {text}" for text, names in whose.items()]


def _order(rows: list[Figure3Row], kind: str) -> str:
    orders = {
        accumulator: [row.config.a.name for row in sorted(group, key=lambda row: row.gates(kind))]
        for accumulator, group in groupby(rows, lambda row: row.config.accumulator.name)
    }
    (first, fixed), *others = orders.items()
    text = f"{', '.join(fixed)} in {first}"
    for accumulator, order in others:
        same = order == fixed[::-1]
        text += f"; {'exactly the reverse' if same else ', '.join(order)} in {accumulator}"
    return text + "."


def _baseline(rows: list[Figure3Row]) -> list[str]:
    """What the choice of the int8 unit does to e4m3."""
    by_name = {(row.config.a.name, row.config.accumulator.name): row for row in rows}
    base, sentences = by_name.get(("int8s", "kulisch:12")), []
    for accumulator in ("fp16", "fp32"):
        row = by_name.get(("e4m3fnuz", accumulator))
        same = by_name.get(("int8s", accumulator))
        if not (base and row and same):
            continue
        kinds = ("published", "core_and_flip_flops", "with_product_register", "unit")
        fixed, alike = (
            ", ".join(f"{row.gates(kind) / other.gates(kind) - 1:+.0%}" for kind in kinds)
            for other in (base, same)
        )
        sentences.append(
            f"e4m3fnuz in {accumulator} against int8s in fixed point: {fixed} (published; ours: "
            f"core with flip-flops, with a product register, unit). Against int8s in "
            f"{accumulator}, the same accumulator: {alike}."
        )
    return sentences


def _undercut(rows: list[Figure3Row], kind: str, title: str) -> str:
    """Which bars are above ours by more than they may be misread."""

    def shown(row: Figure3Row) -> str:
        difference = row.gates(kind) - row.published.total
        return f"{_name(row)} {difference:+z.0f} ({row.deviation(kind):+z.1%})"

    ours = {row.config: row.gates(kind) - row.published.total for row in rows}
    below = [row for row in rows if ours[row.config] < -ACCURACY_GATES]
    equal = [row for row in rows if abs(ours[row.config]) <= ACCURACY_GATES]
    above = [row for row in rows if ours[row.config] > ACCURACY_GATES]
    text = f"Of {len(rows)} bars, {title} undercuts {len(below)}"
    text += f": {', '.join(map(shown, below))}." if below else "."
    if equal:
        text += f" Equal within {ACCURACY_GATES} gates: {', '.join(map(shown, equal))}."
    if above:
        ends = sorted(above, key=lambda row: row.deviation(kind))
        text += f" Above: {len(above)}, from {shown(ends[0])} to {shown(ends[-1])}."
    return text
