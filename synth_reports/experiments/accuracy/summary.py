"""What all networks say together, beside what was published."""

from collections.abc import Sequence
from typing import Any

from fp8mac.sim.networks.tasks.zoo import SAME_ANSWERS
from fp8mac.synth_reports.experiments.accuracy.published import (
    CONVERT,
    PTQ,
    PTQ_2209,
    QAT,
    W4A8,
    pairs_alike,
    published_order,
)
from fp8mac.synth_reports.experiments.accuracy.text import (
    Rows,
    delta,
    number,
    order,
    pick,
    silicon_table,
)
from fp8mac.synth_reports.render.tables import markdown_table

__all__ = ["summary_markdown"]

_FORMATS = "int8 e2m5 e3m4 e4m3 e5m2".split()


def summary_markdown(rows: Rows) -> str:
    """Tables of the papers with ours in them, and where the order of the formats is the same."""
    networks = list(dict.fromkeys(row["network"] for row in rows))
    distinct = [each for each in networks if each not in SAME_ANSWERS]
    return f"""\
# Accuracy of formats and accumulators: published and ours

Made by `fp8mac accuracy` from the rows in this folder: {", ".join(networks)}. Differences to
float32 in points; ours with 95 % intervals, paired. The published networks are not ours, so it is
the *order* of the formats that can be compared, not the figures.

## Formats without training (arXiv:2303.17951, Table 1)

{_ptq_table(rows, networks)}

{_ptq_order(rows, distinct)}

## The same formats in every accumulator

SQNR of the outputs, dB. No paper has this table: their sums are exact or float32.

{_accumulators(rows, distinct)}

{_accumulator_words(rows, distinct)}

## INT8 against E4M3 (arXiv:2209.05433, Table 5)

{_int8_e4m3(rows, networks)}

## Training with rounding (arXiv:2303.17951, Table 2)

{_qat(rows, networks)}

## Trained in E4M3, run in INT8 (arXiv:2303.17951, Table 4)

{_convert(rows, networks)}

## Weights of 4 bits (arXiv:2303.17951, Table 7, mostly trained)

{_w4a8(rows, networks)}

## Units of real silicon

Difference to float32, in points; operands of all are E4M3. No paper has this table.

{_silicon(rows)}
"""


def _silicon(rows: Rows) -> str:
    return silicon_table(pick(rows, "silicon"))


def _exact(rows: Rows, network: str) -> Rows:
    return pick(rows, "formats", network=network, accumulator="kulisch")


def _ptq_table(rows: Rows, networks: Sequence[str]) -> str:
    body = [
        [model, f"{values[0]:.2f}", *(f"{value:+.2f}" for value in values[1:])]
        for model, values in PTQ.items()
    ]
    for network in networks:
        found = {row["a_format"]: row for row in _exact(rows, network)}
        if found:
            reference = f"{100 * found['int8']['reference']:.2f}"
            body.append([f"**{network}**", reference, *(delta(found[name]) for name in _FORMATS)])
    return markdown_table(["", "float32", *_FORMATS], body)


def _ptq_order(rows: Rows, networks: Sequence[str]) -> str:
    body, words = [], []
    for network in networks:
        ours = order(_exact(rows, network))
        if not ours:
            continue
        alike = {model: pairs_alike(ours, published_order(model)) for model in PTQ}
        same = sum(share for share, _ in alike.values())
        pairs = sum(count for _, count in alike.values())
        ranked = sorted(alike, key=lambda model: -alike[model][0])
        body.append(
            [
                network,
                " > ".join(ours),
                f"{100 * same / pairs:.0f} %",
                ", ".join(f"{model} {alike[model][0]}/10" for model in ranked[:3]),
                ", ".join(f"{model} {alike[model][0]}/10" for model in ranked[-2:]),
            ]
        )
        words.append((network, ours))
    titles = ["", "order by SQNR", "pairs as in Table 1", "most alike", "least alike"]
    return markdown_table(titles, body) + "\n\n" + _order_words(words)


def _order_words(found: Sequence[tuple[str, list[str]]]) -> str:
    """Where the paper's rules hold."""
    lines = []
    for rule, holds in (
        ("INT8 and E2M5 before E4M3 and E5M2 (the paper: well-behaved layers)", _integers_first),
        ("E3M4 or E4M3 before INT8 (the paper: transformers with outliers)", _outliers),
        ("E5M2 last", lambda ours: ours[-1] == "e5m2"),
    ):
        yes = [network for network, ours in found if holds(ours)]
        no = [network for network, ours in found if not holds(ours)]
        lines.append(f"* {rule}: true of {_list(yes)}; not of {_list(no)}.")
    return "\n".join(lines)


def _integers_first(ours: list[str]) -> bool:
    return max(ours.index("int8"), ours.index("e2m5")) < min(ours.index("e4m3"), ours.index("e5m2"))


def _outliers(ours: list[str]) -> bool:
    return max(ours.index("e3m4"), ours.index("e4m3")) < ours.index("int8")


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"


def _accumulators(rows: Rows, networks: Sequence[str]) -> str:
    accumulators = list(dict.fromkeys(row["accumulator"] for row in pick(rows, "formats")))
    body = []
    for network in networks:
        for format_ in _FORMATS:
            found = pick(rows, "formats", network=network, a_format=format_)
            by_acc = {row["accumulator"]: row for row in found}
            if found:
                cells = (_sqnr_cell(by_acc.get(acc)) for acc in accumulators)
                body.append([f"{network} {format_}", *cells])
    return markdown_table(["", *accumulators], body)


def _sqnr_cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return ""
    broken = f" ({row['broken']} broken)" if row["broken"] else ""
    return number(row["sqnr_db"]) + broken


def _accumulator_words(rows: Rows, networks: Sequence[str]) -> str:
    """The largest price of each float accumulator, against exact sums."""
    lines = []
    for network in networks:
        exact = {row["a_format"]: row for row in _exact(rows, network)}
        losses: dict[str, tuple[float, str]] = {}
        for row in pick(rows, "formats", network=network):
            best, mine = exact[row["a_format"]]["sqnr_db"], row["sqnr_db"]
            if row["accumulator"] == "kulisch" or best is None:
                continue
            loss = (best - mine if mine is not None else best, row["a_format"])
            losses[row["accumulator"]] = max(losses.get(row["accumulator"], loss), loss)
        if losses:
            parts = [f"{acc} {loss:.1f} dB ({name})" for acc, (loss, name) in losses.items()]
            lines.append(f"* {network}, most that is lost against exact sums: {', '.join(parts)}.")
    return "\n".join(lines)


def _int8_e4m3(rows: Rows, networks: Sequence[str]) -> str:
    body = [
        [
            model,
            f"{base:.2f}",
            f"{(int8 or 0) - (base or 0):+.2f}",
            f"{(e4 or 0) - (base or 0):+.2f}",
        ]
        for model, (base, int8, e4) in PTQ_2209.items()
    ]
    for network in networks:
        found = {row["a_format"]: row for row in _exact(rows, network)}
        if found:
            base = f"{100 * found['int8']['reference']:.2f}"
            body.append([f"**{network}**", base, delta(found["int8"]), delta(found["e4m3"])])
    return markdown_table(["", "16 or 32 bits", "int8", "e4m3"], body)


def _qat(rows: Rows, networks: Sequence[str]) -> str:
    names = ["int8", "e2m5", "e3m4", "e4m3", "W4A8"]
    body = []
    for model, (base, *values) in QAT.items():
        cells = ["" if value is None else f"{value - (base or 0):+.2f}" for value in values]
        body.append([model, f"{base:.2f}", *cells])
    for network in networks:
        found = {
            "W4A8" if row["w_format"] == "int4" else row["a_format"]: row
            for row in pick(rows, "qat", network=network, accumulator="kulisch")
            if row["trained"] not in ("", "fp32")
        }
        if found:
            base = f"{100 * found['int8']['reference']:.2f}"
            body.append([f"**{network}**", base, *(delta(found[name]) for name in names)])
    return markdown_table(["", "float32", *names], body)


def _convert(rows: Rows, networks: Sequence[str]) -> str:
    names = ["int8", "e4m3", "e4m3, trained", "trained e4m3, in int8", "trained int8, in e4m3"]
    body = []
    for model, (base, *values) in CONVERT.items():
        cells = [f"{(value or 0) - (base or 0):+.2f}" for value in values]
        body.append([model, f"{base:.2f}", *cells, ""])
    keys = [("int8", ""), ("e4m3", ""), ("e4m3", "e4m3"), ("int8", "e4m3"), ("e4m3", "int8")]
    for network in networks:
        found = {
            (row["a_format"], row["trained"].partition(",")[0]): row
            for row in pick(rows, "convert", network=network)
        }
        if found:
            base = f"{100 * found['int8', '']['reference']:.2f}"
            body.append([f"**{network}**", base, *(delta(found[key]) for key in keys)])
    return markdown_table(["", "float32", *names], body)


def _w4a8(rows: Rows, networks: Sequence[str]) -> str:
    body = [
        [model, f"{base:.2f}", f"{(value or 0) - (base or 0):+.2f}", ""]
        for model, (base, value) in W4A8.items()
    ]
    for network in networks:
        case = {"accumulator": "kulisch", "a_format": "int8", "w_format": "int4"}
        same_questions = pick(rows, "qat", network=network, trained="", **case)
        plain = same_questions or pick(rows, "w4a8", network=network, **case)
        trained = pick(rows, "qat", network=network, trained="int8,int4", **case)
        if plain:
            base = f"{100 * plain[0]['reference']:.2f}"
            after = delta(trained[0]) if trained else ""
            body.append([f"**{network}**", base, after, delta(plain[0])])
    return markdown_table(["", "float32", "W4A8, trained", "W4A8, not trained"], body)
