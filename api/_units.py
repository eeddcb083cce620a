"""A unit, as a script or a notebook holds it."""

from dataclasses import dataclass
from pathlib import Path

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.ports import Shape, ports
from fp8mac.hw.config.structure import Built, Goal, parse_built
from fp8mac.hw.config.unit import MacConfig, parse_line, parse_unit

from ._html import table

__all__ = ["AnyUnit", "Unit", "as_unit", "read_goal", "unit", "verilog"]


@dataclass(frozen=True, repr=False)
class Unit:
    """A unit and what its circuit is built for.

    Parameters
    ----------
    config : MacConfig
        Formats and accumulator.
    goal : Goal or Structure
        Few gates, a short path, or an FPGA; or how it is built.
    """

    config: MacConfig
    goal: Built = Goal.AREA

    @property
    def name(self) -> str:
        """The unit in one line, as `unit` reads it."""
        return self.config.text

    def verilog(self, path: str | Path | None = None, *, core: bool = False) -> str:
        """Verilog-2005 of the unit, or of its combinational core.

        Parameters
        ----------
        path : str or Path, optional
            File to write it to; a description in JSON is written beside it.
        core : bool
            Whether the registers are left out.

        Returns
        -------
        str
            The text, written or not.

        Raises
        ------
        Error
            If there is no circuit for the unit, there is no Yosys, or a file cannot be written.
        """
        from fp8mac.gen.files import check_outputs
        from fp8mac.gen.verilog import verilog_text, write_verilog

        shape = Shape.CORE if core else Shape.UNIT
        command = f"{self!r}.verilog({'core=True' if core else ''})"
        if path is not None:
            place = Path(path)
            check_outputs([place, place.with_suffix(".json")])
            write_verilog(self.config, shape, place, goal=self.goal, command=command)
        return verilog_text(self.config, shape, goal=self.goal, command=command)

    def __repr__(self) -> str:
        goal = "" if self.goal is Goal.AREA else f", goal={self.goal.value!r}"
        return f"fp8mac.unit({self.name!r}{goal})"

    def _repr_html_(self) -> str:
        caption = f"{self.name}, built for {self.goal.value}"
        head = ("name", "direction", "bits")
        rows = [(port.name, port.direction, port.bits) for port in ports(self.config, Shape.UNIT)]
        return table(caption, head, rows)


AnyUnit = Unit | MacConfig | str
"""A unit, its description, or the line that describes it."""


def unit(
    a: str,
    b: str | None = None,
    *,
    acc: str | None = None,
    stages: int = 1,
    output: str | None = None,
    goal: str = "area",
) -> Unit:
    """Describe a unit: two formats, an accumulator, and how products are added.

    Parameters
    ----------
    a, b : str
        Formats of the operands, such as ``"e4m3"`` (``b`` default: as ``a``). Without ``acc``,
        ``a`` is the whole unit in one line: ``"e4m3*e5m2 -> fp16"``, see
        `fp8mac.hw.config.unit.parse_line`.
    acc : str, optional
        Accumulator, such as ``"fp16"``, ``"kulisch:4"`` or ``"int32"``.
    stages : int
        2 for a register between product and sum; a whole line says so itself.
    output : str, optional
        What exact sums are rounded to where they leave, such as ``"fp16"``; as ``stages``.
    goal : str
        What its circuit is built for, ``area``, ``speed``, ``fpga`` or
        ``fpga-dsp``; or how, the name of a structure such as ``area-sklansky``, see
        `fp8mac.hw.config.structure`.

    Raises
    ------
    Error
        If there is no such unit.

    Examples
    --------
    >>> unit("e4m3", acc="fp16"), unit("int8*int4 -> int32", goal="speed")
    (fp8mac.unit('e4m3 -> fp16'), fp8mac.unit('int8*int4 -> int32', goal='speed'))
    """
    if acc is None and (b is not None or stages != 1 or output is not None):
        raise ConfigError(
            f"Name the accumulator of {a if b is None else f'{a} and {b}'} with acc=."
        )
    config = (
        parse_line(a) if acc is None else parse_unit(a, b, acc=acc, stages=stages, output=output)
    )
    return Unit(config, read_goal(goal, config))


def read_goal(goal: str, config: MacConfig) -> Built:
    """Goal, or structure of a unit, of a name.

    Raises
    ------
    Error
        If there is neither.
    """
    *others, last = (each.value for each in Goal)
    if goal not in (*others, last) and "-" not in goal:
        raise ConfigError(f"Unknown goal '{goal}'; there are {', '.join(others)} and {last}.")
    return parse_built(goal, config)


def verilog(unit: AnyUnit, path: str | Path | None = None, *, core: bool = False) -> str:
    """Verilog-2005 of a unit, see `Unit.verilog`."""
    return as_unit(unit).verilog(path, core=core)


def as_unit(given: AnyUnit) -> Unit:
    """Unit of any of its spellings."""
    if isinstance(given, Unit):
        return given
    return Unit(given) if isinstance(given, MacConfig) else unit(given)
