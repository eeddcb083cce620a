"""Multiply-accumulate units: described, built, proved, measured, and run with networks on them.

::

    import fp8mac
    unit = fp8mac.unit("e4m3", acc="fp16")      # or fp8mac.unit("e4m3 -> fp16")
    unit.verilog()                              # text; unit.verilog("mac.v") writes it
    fp8mac.measure(unit)                        # gates, area, delay, energy
    fp8mac.gemm(x, w, unit)                     # bit-exact, of floats or of codes

Nothing is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fp8mac.hw.config.errors import Error

    from ._arithmetic import Blocks, decode, encode, gemm, golden
    from ._costs import Measured, Proved, measure, prove
    from ._decide import Recommended, Swept, recommend, sweep
    from ._networks import Accuracy, accuracy
    from ._units import Unit, unit, verilog

    __version__: str

# Modules beside this one are named without the package, so that no key of the cache depends on all.
_HOMES = {
    "Accuracy": "._networks",
    "Blocks": "._arithmetic",
    "Error": ".hw.config.errors",
    "Measured": "._costs",
    "Proved": "._costs",
    "Recommended": "._decide",
    "Swept": "._decide",
    "Unit": "._units",
    "accuracy": "._networks",
    "decode": "._arithmetic",
    "encode": "._arithmetic",
    "gemm": "._arithmetic",
    "golden": "._arithmetic",
    "measure": "._costs",
    "prove": "._costs",
    "recommend": "._decide",
    "sweep": "._decide",
    "unit": "._units",
    "verilog": "._units",
}

__all__ = [
    "Accuracy",
    "Blocks",
    "Error",
    "Measured",
    "Proved",
    "Recommended",
    "Swept",
    "Unit",
    "__version__",
    "accuracy",
    "decode",
    "encode",
    "gemm",
    "golden",
    "measure",
    "prove",
    "recommend",
    "sweep",
    "unit",
    "verilog",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        found = import_module("importlib.metadata").version(__name__)
    elif name in _HOMES:
        found = getattr(import_module(_HOMES[name], __name__), name)
    else:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
