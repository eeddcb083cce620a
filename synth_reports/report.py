"""What was measured, as one JSON document: units in the keys, null for what was not measured."""

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fp8mac.hw.config import MacConfig
from fp8mac.synth_reports.measure import BASELINE, Bench, Design, Measurement, Shape
from fp8mac.synth_reports.metrics import Metrics

__all__ = ["ratios", "shape_report", "tool_columns", "tools_report", "unit_report"]

_COMPARED = ("two_input_gates", "inverters", "flip_flops", "levels", "weighted_gates")


def unit_report(
    config: MacConfig,
    shapes: list[Shape],
    found: dict[Design, Measurement],
    bench: Bench,
    command: str,
) -> dict[str, Any]:
    """Everything about a unit.

    Parameters
    ----------
    config : MacConfig
        The unit.
    shapes : list of Shape
        What of it was measured.
    found : dict of Design to Measurement
        Measurements of it and of the baseline.
    bench : Bench
        How they were made.
    command : str
        What makes this document again.

    Returns
    -------
    dict
        JSON types only.
    """
    return {
        "schema_version": 1,
        "command": command,
        "estimate_level": "mapped",
        "design": {
            "slug": config.slug,
            "format_a": config.a.name,
            "format_b": config.b.name,
            "accumulator": config.accumulator.name,
            "acc_bits": config.acc_bits,
        },
        "baseline": {"slug": BASELINE.slug},
        **tools_report(bench, next(iter(found.values()))),
        "shapes": {
            shape.value: shape_report(found[Design(config, shape)], found[Design(BASELINE, shape)])
            for shape in shapes
        },
    }


def tools_report(bench: Bench, example: Measurement) -> dict[str, Any]:
    """Flow and tools."""
    return {
        "flow": {"name": (flow := bench.flow(example.design)).name, "sha256": flow.sha256},
        "tools": {
            "yosys": {"version": bench.yosys.version, "build": bench.yosys.build},
            "abc": {"version": example.synthesis.abc_version},
            "amaranth": {"version": version("amaranth")},
            "fp8mac": {"version": version("fp8mac")},
        },
    }


def tool_columns(tools: dict[str, Any]) -> dict[str, str]:
    """Flow and tools, flat."""
    versions = tools["tools"]
    return {
        "flow": tools["flow"]["name"],
        "flow_sha256": tools["flow"]["sha256"],
        "yosys": f"{versions['yosys']['version']} ({versions['yosys']['build']})",
        "abc": versions["abc"]["version"],
        "amaranth": versions["amaranth"]["version"],
    }


def shape_report(measured: Measurement, baseline: Measurement) -> dict[str, Any]:
    """Counts of a design, and how they compare with the baseline of the same shape."""
    metrics = asdict(measured.metrics)
    cells = metrics.pop("cells")
    return {
        "top": measured.design.top,
        "rtlil_sha256": measured.rtlil_sha256,
        "netlist_sha256": measured.synthesis.sha256,
        "metrics": metrics,
        "ratio_to_baseline": ratios(measured.metrics, baseline.metrics),
        "cells": cells,
    }


def ratios(metrics: Metrics, baseline: Metrics) -> dict[str, float | None]:
    """Counts as multiples of the baseline's; None where that has none."""
    return {
        name: round(getattr(metrics, name) / base, 4) if (base := getattr(baseline, name)) else None
        for name in _COMPARED
    }
