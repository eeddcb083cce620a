"""From the description of a matrix unit to RTLIL, to Verilog, and to words about it."""

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] (no stub)

from fp8mac.gen.arrays.block_output import block_cases, describe_blocks
from fp8mac.gen.describe import describe, describe_output, describe_ports, output_cases
from fp8mac.gen.verilog import streamed_contents, streamed_text
from fp8mac.hw.arrays.array import MacArray, check_array
from fp8mac.hw.config.arrays.array import ArrayConfig, array_ports, element_fields, row_fields
from fp8mac.hw.config.outputs.blocks import BlockOutput
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal, Structure

__all__ = ["array_contents", "array_name", "array_rtlil", "array_text", "describe_array"]


def array_name(config: ArrayConfig, *, goal: Built = Goal.AREA) -> str:
    """Name of the top module: the slug, and what it is built for, or how."""
    return config.slug + Structure.of(goal).suffix


def array_rtlil(config: ArrayConfig, *, goal: Built = Goal.AREA) -> str:
    """RTLIL of an array.

    Raises
    ------
    ConfigError
        If there is no circuit for its units.
    """
    check_array(config)
    name = array_name(config, goal=goal)
    return rtlil.convert(MacArray(config, goal), name=name, emit_src=False)


def describe_array(config: ArrayConfig, *, goal: Built = Goal.AREA) -> dict[str, object]:
    """As `fp8mac.gen.describe.describe`, of the units; ``kind`` is ``array``.

    Beside that are ``rows``, ``columns``, and the fields of an element and of a row of sums with
    their bits, lowest first.
    """
    return (
        describe(config.reader, Shape.UNIT, goal=goal)
        | {
            "module": array_name(config, goal=goal),
            "kind": "array",
            "slug": config.slug,
            "rows": config.rows,
            "columns": config.columns,
            "latency_cycles": config.latency_cycles,
            "products_per_cycle": config.products_per_cycle,
            "ports": describe_ports(array_ports(config)),
            "element": element_fields(config),
            "row": row_fields(config),
        }
        | _more(config)
    )


def _more(config: ArrayConfig) -> dict[str, object]:
    """What only some arrays have, and sentences about it."""
    found = _output(config)
    if not config.sparse:
        return found
    cases = found.get("special_cases", describe(config.reader, Shape.UNIT)["special_cases"])
    assert isinstance(cases, list)
    said = (
        "Of four elements of a row of the left matrix two are there. A column has all four codes, "
        "code 0 lowest; index_a has for each lane which one it takes, two bits: of two lanes the "
        "first one's is the lower one."
    )
    return found | {"special_cases": [*cases, said], "sparsity": "2:4"}


def _output(config: ArrayConfig) -> dict[str, object]:
    """What sums leave as, where that is not said of the unit, and sentences about it."""
    if (output := config.output) is None:
        return {}
    cases = describe(config.reader, Shape.UNIT)["special_cases"]
    assert isinstance(cases, list)
    if isinstance(output, BlockOutput):
        said = block_cases(config.unit, output)
        return {"special_cases": [*cases, *said], "output": describe_blocks(output)}
    cases = [*cases, *output_cases(config.unit, output)]
    return {"special_cases": cases, "output": describe_output(output)}


def array_text(config: ArrayConfig, *, goal: Built = Goal.AREA, command: str | None = None) -> str:
    """Verilog-2005 of an array, see `fp8mac.hw.arrays.array.MacArray`.

    Raises
    ------
    ConfigError
        If there is no circuit for its units.
    YosysError
        If there is no Yosys that can be used.
    """
    made = array_rtlil(config, goal=goal)
    return streamed_text(describe_array(config, goal=goal), made, array_ports(config), command)


def array_contents(
    config: ArrayConfig, *, goal: Built = Goal.AREA, command: str | None = None
) -> tuple[str, str]:
    """Verilog of an array, and its description as JSON; parameters are those of `array_text`."""
    text = array_text(config, goal=goal, command=command)
    return streamed_contents(describe_array(config, goal=goal), text, command)
