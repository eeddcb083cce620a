"""From a configuration to RTLIL, Yosys' own format."""

from amaranth.back import rtlil  # pyright: ignore[reportAttributeAccessIssue] (no stub)

from fp8mac.gen.describe import module_name, stream_name
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Built, Goal
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.units.buildable import check_buildable
from fp8mac.hw.units.mac import COMPONENTS
from fp8mac.hw.units.stream import StreamMac, check_streamable

__all__ = ["rtlil_text", "stream_rtlil"]


def rtlil_text(config: MacConfig, shape: Shape, *, goal: Built = Goal.AREA) -> str:
    """RTLIL of a unit, or of its combinational core; the same text every time.

    Raises
    ------
    ConfigError
        If there is no circuit for the unit.
    """
    check_buildable(config)  # before a component exists that nobody uses
    component = COMPONENTS[shape](config, goal)
    return rtlil.convert(component, name=module_name(config, shape, goal=goal), emit_src=False)


def stream_rtlil(config: MacConfig, *, goal: Built = Goal.AREA) -> str:
    """RTLIL of a unit between two streams.

    Raises
    ------
    ConfigError
        If there is no circuit for it.
    """
    check_streamable(config)
    return rtlil.convert(
        StreamMac(config, goal), name=stream_name(config, goal=goal), emit_src=False
    )
