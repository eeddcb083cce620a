"""What mapped designs are in the units of a library: area, delay, energy."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fp8mac.hw.config.unit import MacConfig
from fp8mac.synth_reports.cost.stimuli import Stimuli
from fp8mac.synth_reports.liberty.library import Library

if TYPE_CHECKING:  # what it is given; its figures do not depend on how that was made
    from fp8mac.synth_reports.cost.measure import Measurement
    from fp8mac.synth_reports.store.store import Store

__all__ = [
    "CellFigures",
    "Facts",
    "dynamic_energies",
    "energy_report",
    "facts_of",
    "figures_of",
    "library_report",
]


@dataclass(frozen=True)
class Facts:
    """What a library is, and what stands around a design that is mapped to it.

    Parameters
    ----------
    name, sha256 : str
        Name of the group ``library``; hash of the file.
    is_own : bool
        Whether it belongs to no technology.
    reference_nand2, flip_flop, driving_cell : str
        The cell whose area is 1 GE; what registers consist of; what drives inputs.
    nand2_area, flip_flop_area : float
        In the library's unit: um2, or GE.
    load_ff : float
        At outputs: four inverters. For our own library in C_inv.
    fo4_ps : float
        Delay of an inverter that drives four. For our own library in tau.
    voltage_v : float or None
        Supply.
    voltages_v : list of float
        Supplies of its files, each once.
    """

    name: str
    sha256: str
    is_own: bool
    reference_nand2: str
    flip_flop: str
    driving_cell: str
    nand2_area: float
    flip_flop_area: float
    load_ff: float
    fo4_ps: float
    voltage_v: float | None
    voltages_v: list[float]

    @property
    def report(self) -> dict[str, Any]:
        """All of them; null in units that the library has not."""
        units = {"load_ff": None, "fo4_ps": None} if self.is_own else {}
        return asdict(self) | units


def facts_of(library: Library, store: "Store") -> Facts:
    """Facts of a library, from the store where they are known.

    Raises
    ------
    LibertyError
        If it cannot be used.
    """
    key = store.key([library.sha256], __name__)
    if known := store.load("libraries", key):
        return Facts(**known)
    facts = Facts(
        library.name,
        library.sha256,
        library.is_own,
        library.nand2.name,
        library.flip_flop.cell.name,
        library.buffer.name,
        library.nand2.area,
        library.flip_flop.cell.area,
        round(library.load * library.capacitance_ff, 4),
        round(library.fo4_ps, 4),
        library.voltage_v,
        list(library.voltages_v),
    )
    store.save("libraries", key, asdict(facts))
    return facts


@dataclass(frozen=True)
class CellFigures:
    """A design in a library: area with flip-flops, delay between them, None in units it has not."""

    area_um2: float | None
    area_ge: float
    delay_ns: float | None
    delay_fo4: float


def figures_of(measured: "Measurement", facts: Facts) -> CellFigures:
    """Area and delay of a design that is mapped to a library."""
    synthesis = measured.synthesis
    assert synthesis.area is not None
    assert synthesis.delay_ps is not None
    area = synthesis.area + len(synthesis.flip_flops) * facts.flip_flop_area
    return CellFigures(
        None if facts.is_own else area,
        area / facts.nand2_area,
        None if facts.is_own else synthesis.delay_ps / 1000,
        synthesis.delay_ps / facts.fo4_ps,
    )


def library_report(measured: "Measurement", facts: Facts) -> dict[str, Any]:
    """CellFigures of a design as they are shown, and the hash of its netlist."""
    digits = {"area_um2": 3, "area_ge": 2, "delay_ns": 4, "delay_fo4": 2}
    figures = asdict(figures_of(measured, facts))
    return {
        **{
            name: None if value is None else round(value, digits[name])
            for name, value in figures.items()
        },
        "netlist_sha256": measured.synthesis.sha256,
    }


def energy_report(
    measured: "Measurement", library: Library, stimuli: Stimuli, store: "Store"
) -> dict[str, Any] | None:
    """Energy of a registered unit that is mapped to ``library``, from the store where it is known.

    Returns
    -------
    dict
        ``cycles``, ``unit_delay_cycles``; ``headroom``, the powers of two by which both operands
        are smaller; ``overflow_share`` of the sums; ``functional`` and ``unit_delay``, each with
        ``switching``, ``clock_pins``, ``internal``, ``clock_internal``, ``dynamic``; ``leakage``;
        all in pJ a product, with the suffix ``_pj``, or for our own library in ``_cinv_v2``;
        ``leakage_nw``. What the library does not state is null; None where it states no voltage.

    Raises
    ------
    ConfigError
        If the operands cannot be had.
    """
    if not library.is_own and library.voltage_v is None:
        return None
    inputs = [measured.synthesis.sha256, repr(measured.synthesis.delay_ps), library.sha256]
    inputs += [repr(measured.design.config), *stimuli.identity()]
    key = store.key(inputs, __name__)
    if known := store.load("energy", key):
        return known
    found = _energy(measured, library, stimuli)
    store.save("energy", key, found)
    return found


def dynamic_energies(report: dict[str, Any]) -> dict[str, float | None]:
    """All that switches: ``energy_functional_pj``, ``energy_unit_delay_pj``, or in ``_cinv_v2``."""
    return {
        f"energy_{kind}_{key.removeprefix('dynamic_')}": value
        for kind in ("functional", "unit_delay")
        for key, value in report[kind].items()
        if key.startswith("dynamic_")
    }


def _energy(measured: "Measurement", library: Library, stimuli: Stimuli) -> dict[str, Any]:
    from fp8mac.synth_reports.cost import activity, energy, operands

    synthesis = measured.synthesis
    flip_flops = len(synthesis.flip_flops)
    circuit = activity.CellNetlist.from_blif(synthesis.netlist, library)
    config = measured.design.config
    a, b, headroom = _operands(config, stimuli)
    table, stages = operands.driven_ports(config), config.stages
    lanes = config.products_per_cycle
    words = (_words(each, format_.bits) for each, format_ in ((a, config.a), (b, config.b)))
    scales = operands.held_scales(config, a.shape[:2])
    found = activity.simulate(circuit, table, flip_flops, *words, stages=stages, scales=scales)
    suffix = "cinv_v2" if library.is_own else "pj"
    report: dict[str, Any] = {
        "cycles": found.cycles,
        "unit_delay_cycles": found.unit_delay_cycles,
        "headroom": list(headroom),
        "overflow_share": round(operands.overflow_share(config, a, b), 4),
    }
    for name, toggles in (("functional", found.functional), ("unit_delay", found.unit_delay)):
        parts = energy.energy_per_cycle(circuit, library, toggles, flip_flops)
        figures = {**asdict(parts), "dynamic": parts.dynamic}
        report[name] = {
            f"{part}_{suffix}": _rounded(value, lanes) for part, value in figures.items()
        }
    leakage_nw = energy.leakage_nw(circuit, library, flip_flops)
    assert synthesis.delay_ps is not None
    leakage_pj = None if leakage_nw is None else leakage_nw * synthesis.delay_ps * 1e-9
    return report | {
        f"leakage_{suffix}": _rounded(leakage_pj, lanes),
        "leakage_nw": _rounded(leakage_nw),
    }


def _operands(config: MacConfig, stimuli: Stimuli) -> tuple[Any, Any, tuple[float, float]]:
    from fp8mac.synth_reports.cost import operands

    if stimuli.recorded:
        return operands.recorded(config, Path(stimuli.operands), stimuli.clear_every)
    kind = operands.Operands(stimuli.operands)
    return operands.draw(config, kind, stimuli.cycles, stimuli.clear_every)


def _words(codes: Any, bits: int) -> Any:
    """Operands as ports have them: codes, or words of the packed codes of lanes."""
    from fp8mac.sim.check.stimuli import packed

    if codes.ndim == 2:
        return codes
    cycles, sums, lanes = codes.shape
    return packed(codes.reshape(-1, lanes), bits).reshape(cycles, sums, -1)


def _rounded(value: float | None, products: int = 1) -> float | None:
    """A figure, or what each of several products has of it."""
    return None if value is None else float(f"{value / products:.6g}")
