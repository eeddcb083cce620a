"""Fifteen multiply-accumulate units: published, by the closed form, and synthesised.

Gates are the paper's: AND, OR and their inverses 1, flip-flop 6. XOR and multiplexer are the three
gates that they consist of, and a half adder is no more, since it shares one of them: so the flow is
`simple`.

# Ref: arXiv:2303.17951, Figure 3
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.experiments.designs import DesignRecord, index, key_of
from fp8mac.synth_reports.experiments.figure3.analytic import Cost, model_cost, product_flip_flops
from fp8mac.synth_reports.render.plots import Marks, Panel, grouped_bars
from fp8mac.synth_reports.render.tables import csv_table
from fp8mac.synth_reports.synth.metrics import WEIGHTS

__all__ = [
    "ACCURACY_GATES",
    "PUBLISHED",
    "Figure3Row",
    "csv_text",
    "designs",
    "panels",
    "pictures",
    "rows",
]

ACCURACY_GATES = 6
"""How far off a published bar may be, in gates: they are read off the drawing."""

_BARS = """
int8s     kulisch  421.7   103.9  195.6
e2m5fnuz  kulisch  330.0   336.2  207.8
e3m4fnuz  kulisch  244.4   409.6  244.5
e4m3fnuz  kulisch  171.0   568.5  330.1
e5m2fnuz  kulisch  122.1   880.3  507.4
int8s     fp16     446.1   593.0  360.7
e2m5fnuz  fp16     336.1   580.7  360.7
e3m4fnuz  fp16     250.5   574.6  360.7
e4m3fnuz  fp16     183.3   568.5  360.7
e5m2fnuz  fp16     128.3   568.5  354.6
int8s     fp32     446.1  1088.1  800.8
e2m5fnuz  fp32     336.1  1075.9  800.8
e3m4fnuz  fp32     250.5  1069.8  800.8
e4m3fnuz  fp32     183.3  1057.5  806.9
e5m2fnuz  fp32     128.3  1051.4  806.9
"""

PUBLISHED: dict[MacConfig, Cost] = {
    parse_unit(format_, acc=acc): Cost(*map(float, parts))
    for format_, acc, *parts in map(str.split, _BARS.strip().splitlines())
}
"""The bars of arXiv:2303.17951, Figure 3, in gates; read off the drawing, within 6 gates.

The paper prints two ratios only: +53 % and +183 % for E4 in 16 and in 32 bits, against INT8 in
fixed point. Fixed point has 12 bits of headroom, and 27 bits for INT8, which has no code -128.
"""

_LABELS = {
    "published": "arXiv:2303.17951, Figure 3",
    "model": "closed form",
    "core_and_flip_flops": "ours: core + 6 per state bit",
    "unit": "ours: with enable, clear, reset",
}


@dataclass(frozen=True)
class Figure3Row:
    """A unit, three times; everything in gates but the counts.

    Parameters
    ----------
    config : MacConfig
        The unit.
    published, model : Cost
        The paper's bar, and the closed form.
    core, unit : DesignRecord
        What was synthesised: without and with registers, enable, clear and reset.
    """

    config: MacConfig
    published: Cost
    model: Cost
    core: DesignRecord
    unit: DesignRecord

    @property
    def state_bits(self) -> int:
        """Bits of the accumulator and its flags."""
        return self.config.acc_bits + len(self.config.flags)

    @property
    def product_bits(self) -> int:
        """Flip-flops that the paper has between multiplier and adder, and our units have not."""
        return product_flip_flops(self.config.a, self.config.accumulator)

    @property
    def core_and_flip_flops(self) -> int:
        """The core, and the flip-flops of its state."""
        return _weighted(self.core) + WEIGHTS["DFF"] * self.state_bits

    @property
    def with_product_register(self) -> int:
        """Core and flip-flops, and the paper's register between multiplier and adder."""
        return self.core_and_flip_flops + WEIGHTS["DFF"] * self.product_bits

    def gates(self, what: str) -> float:
        """One of ``published``, ``model``, ``unit`` and two counts of the core."""
        match what:
            case "published":
                return self.published.total
            case "model":
                return self.model.total
            case "unit":
                return _weighted(self.unit)
            case "with_product_register":
                return self.with_product_register
            case "core_and_flip_flops":
                return self.core_and_flip_flops
        raise ValueError(f"A row has no '{what}'.")

    def deviation(self, what: str) -> float:
        """Relative to the published bar; 0.05 is five per cent above it."""
        return self.gates(what) / self.published.total - 1


def _weighted(record: DesignRecord) -> int:
    assert record.weighted_gates is not None
    return record.weighted_gates


def designs(configs: Iterable[MacConfig] = PUBLISHED) -> list[Design]:
    """What has to be measured: core and unit of each."""
    return [Design(config, shape) for config in configs for shape in Shape]


def rows(records: Sequence[DesignRecord]) -> list[Figure3Row]:
    """A row for each published bar whose designs were measured."""
    found = index(records)
    return [
        Figure3Row(
            config,
            published,
            model_cost(config.a, config.accumulator),
            found[key_of(Design(config, Shape.CORE))],
            found[key_of(Design(config, Shape.UNIT))],
        )
        for config, published in PUBLISHED.items()
        if key_of(Design(config, Shape.CORE)) in found
    ]


def csv_text(table: list[Figure3Row]) -> str:
    """One line a unit; the unit of each number is in its title."""
    return csv_table([_columns(row) | row.core.tools for row in table])


def _columns(row: Figure3Row) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "unit": row.config.slug,
        "format": row.config.a.name,
        "accumulator": row.config.accumulator.name,
    }
    for name, cost in (("published", row.published), ("model", row.model)):
        for part in ("multiplier", "align_add", "normalise_accumulate", "total"):
            columns[f"{name}_{part}_gates"] = round(getattr(cost, part), 1)
    columns |= {
        "core_gates": _weighted(row.core),
        "state_bits": row.state_bits,
        "product_flip_flops": row.product_bits,
    }
    for name in ("core_and_flip_flops", "with_product_register", "unit"):
        columns[f"{name}_gates"] = row.gates(name)
    for name in ("model", "core_and_flip_flops", "with_product_register", "unit"):
        columns[f"{name}_deviation_percent"] = round(100 * row.deviation(name), 2)
    for name, measured in (("core", row.core), ("unit", row.unit)):
        columns[f"{name}_netlist_sha256"] = measured.netlist_sha256
    return columns


def panels(table: list[Figure3Row]) -> list[Panel]:
    """What the picture shows: an accumulator a panel, a format a group."""
    titles = {"kulisch:12": "fixed point, 12 guard bits"}
    accumulators = dict.fromkeys(row.config.accumulator.name for row in table)
    by_accumulator = [
        (name, [row for row in table if row.config.accumulator.name == name])
        for name in accumulators
    ]
    return [
        Panel(
            title=f"accumulator: {titles.get(name, name)}",
            groups=[row.config.a.name for row in chosen],
            bars={label: [row.gates(what) for row in chosen] for what, label in _LABELS.items()},
            marks=Marks(
                "and 6 per bit of the product, for a register that ours has not",
                _LABELS["core_and_flip_flops"],
                [row.with_product_register for row in chosen],
            ),
        )
        for name, chosen in by_accumulator
    ]


def pictures(table: list[Figure3Row]) -> dict[str, bytes]:
    """The picture, by file suffix: ``png`` and ``svg``."""
    return grouped_bars(
        "Gates of 15 multiply-accumulate units: published, by the closed form, and synthesised",
        "gates (AND, OR 1; XOR, multiplexer up to 3; flip-flop 6)",
        panels(table),
        note="counted after synthesis, flow `simple`; published bars are read off within 6 gates",
    )
