"""What is known of a point: the columns of the table ``points``, with their units.

A point is a unit, how it is built, what it is mapped to, and a network that runs on it. Its
*identity* is what was asked for; everything else was found, and is NULL where it was not measured.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Any

__all__ = ["COLUMNS", "NAMES", "Column", "ColumnGroup", "id_of", "names"]


class ColumnGroup(Enum):
    """What a column belongs to."""

    IDENTITY = "identity"
    COST = "cost"
    PROOF = "proof"
    ACCURACY = "accuracy"
    PROVENANCE = "provenance"


@dataclass(frozen=True)
class Column:
    """A column.

    Parameters
    ----------
    name : str
        With its unit, where it has one.
    type : str
        ``TEXT``, ``INTEGER`` or ``REAL``.
    group : ColumnGroup
        What it belongs to.
    meaning : str
        A few words.
    """

    name: str
    type: str
    group: ColumnGroup
    meaning: str


def _columns(group: ColumnGroup, *lines: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, type_, group, meaning) for name, type_, meaning in lines)


COLUMNS = (
    *_columns(
        ColumnGroup.IDENTITY,
        ("id", "TEXT", "hash of the identity; the primary key"),
        ("unit", "TEXT", "the unit in one line"),
        ("slug", "TEXT", "name of its module and files"),
        ("formats", "TEXT", "of both operands, `e4m3` or `e4m3*e5m2`"),
        ("accumulator", "TEXT", "where products are added"),
        ("guard_bits", "INTEGER", "headroom of a Kulisch accumulator"),
        ("lanes", "INTEGER", "products that are added in a cycle"),
        ("window", "INTEGER", "bits below the largest exponent that a step keeps"),
        ("stages", "INTEGER", "cycles from operands to the sum"),
        ("goal", "TEXT", "what it is built for; NULL where a delay was asked for"),
        ("delay_target", "TEXT", "delay or clock that was asked for, such as `1ns`"),
        ("library", "TEXT", "cell library that it is mapped to, `fp8mac` is our own"),
        ("fpga_target", "TEXT", "FPGA that it is mapped to"),
        (
            "network",
            "TEXT",
            "network that runs on it, `train:` and a task, or an ONNX model's path",
        ),
        ("inputs", "TEXT", "path of an ONNX model's data"),
    ),
    *_columns(
        ColumnGroup.COST,
        ("structure", "TEXT", "how it is built"),
        ("target_met", "INTEGER", "1 where it is as fast as was asked for, else 0"),
        ("gates", "INTEGER", "two-input gates of the registered unit, without inverters"),
        ("inverters", "INTEGER", "its inverters"),
        ("flip_flops", "INTEGER", "its flip-flops"),
        ("levels", "INTEGER", "gates on the longest path"),
        ("area_ge", "REAL", "area in the library, NAND gates, flip-flops included"),
        ("area_um2", "REAL", "area in the library, square micrometres"),
        ("delay_fo4", "REAL", "longest path between registers, inverters that drive four"),
        ("delay_ns", "REAL", "longest path between registers, nanoseconds"),
        ("energy_pj", "REAL", "of a product, glitches included, picojoules"),
        ("energy_cinv_v2", "REAL", "the same in our own library, capacitances of an inverter"),
        ("energy_operands", "TEXT", "`recorded` from the network's own layers, or `normal`"),
        ("luts", "INTEGER", "tables of the FPGA"),
        ("carries", "INTEGER", "its carry cells"),
        ("dsps", "INTEGER", "its multiplier blocks"),
        ("fmax_mhz", "REAL", "clock after place and route"),
    ),
    *_columns(
        ColumnGroup.PROOF,
        ("proved", "INTEGER", "1 where the Verilog's every check passed, 0 where one failed"),
    ),
    *_columns(
        ColumnGroup.ACCURACY,
        ("metric", "TEXT", "what `accuracy` is"),
        ("accuracy", "REAL", "of the network on the unit, a share"),
        ("accuracy_low", "REAL", "lower end: float32's less `loss_high`"),
        ("accuracy_high", "REAL", "upper end: float32's less `loss_low`"),
        ("reference", "REAL", "of the network in float32, on the same questions"),
        ("loss", "REAL", "float32's less the unit's, a share; 0.01 is a point"),
        ("loss_low", "REAL", "lower end of its paired interval at 95 %"),
        ("loss_high", "REAL", "upper end"),
        ("sqnr_db", "REAL", "signal-to-noise ratio of the network's outputs"),
        ("broken", "INTEGER", "questions with an infinite or NaN output"),
        ("questions", "INTEGER", "that were asked"),
        ("left_out", "TEXT", "why no, or no more, questions were asked"),
    ),
    *_columns(
        ColumnGroup.PROVENANCE,
        ("verilog_sha256", "TEXT", "of the Verilog, see `artefacts`"),
        ("netlist_sha256", "TEXT", "of the mapped netlist"),
        ("cost_key", "TEXT", "hash of what the cost depends on, code included"),
        ("proof_key", "TEXT", "the same of the proof"),
        ("accuracy_key", "TEXT", "the same of the accuracy"),
        ("version", "TEXT", "of fp8mac"),
        ("made_at", "TEXT", "when the row was last written, UTC"),
    ),
)
"""In their order."""

NAMES = tuple(column.name for column in COLUMNS)
"""Their names."""


def names(*groups: ColumnGroup) -> tuple[str, ...]:
    """Names of the columns of some groups."""
    return tuple(column.name for column in COLUMNS if column.group in groups)


def id_of(identity: Mapping[str, Any]) -> str:
    """Hash of what a point is.

    Parameters
    ----------
    identity : mapping
        The columns of the group ``identity``, without ``id``; what is not there is NULL.
    """
    facts = {name: identity.get(name) for name in names(ColumnGroup.IDENTITY) if name != "id"}
    return sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]
