"""What compiled kernels share: bit patterns of floats, vector registers, a place for the cache.

Only the modules with compiled kernels import this one, and they are imported only where numba is
installed (the extra ``fast``).
"""

import os
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba import extending, types
from numba.core import config as _settings

__all__ = ["add_bits", "and_bits", "as_bits", "as_float", "jit", "or_bits", "whole_registers"]

intrinsic: Any = extending.intrinsic  # its results have other parameters than what it decorates

settings: Any = _settings
if not os.environ.get("NUMBA_CACHE_DIR"):
    folder = Path(os.environ.get("FP8MAC_CACHE") or "build", "kernels")
    settings.CACHE_DIR = str(folder.resolve())

_PATTERNS: dict[Any, Any] = {types.float32: types.int32, types.float64: types.int64}
_FLOATS = {pattern: number for number, pattern in _PATTERNS.items()}
_LLVM = {
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
    types.int32: ir.IntType(32),
    types.int64: ir.IntType(64),
}


def jit(function: Any) -> Any:
    """Compile once and store; other threads run meanwhile, and arithmetic is IEEE 754's."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)


@intrinsic
def as_bits(typing: Any, number: Any) -> Any:
    """Pattern of a float, as an integer of its size."""
    return _PATTERNS[number](number), _bitcast


@intrinsic
def as_float(typing: Any, bits: Any) -> Any:
    """Float that has a pattern."""
    return _FLOATS[bits](bits), _bitcast


def _bitcast(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.bitcast(arguments[0], _LLVM[signature.return_type])


@intrinsic
def and_bits(typing: Any, x: Any, y: Any) -> Any:
    """Bitwise and in the type of both, which Python's operator would widen."""
    return x(x, x), lambda context, builder, signature, pair: builder.and_(*pair)


@intrinsic
def or_bits(typing: Any, x: Any, y: Any) -> Any:
    """Bitwise or in the type of both."""
    return x(x, x), lambda context, builder, signature, pair: builder.or_(*pair)


@intrinsic
def add_bits(typing: Any, x: Any, y: Any) -> Any:
    """Sum in the type of both."""
    return x(x, x), lambda context, builder, signature, pair: builder.add(*pair)


@intrinsic
def whole_registers(typing: Any) -> Any:
    """Let LLVM use the widest vectors of the processor in the function that calls this.

    It avoids those of 512 bits by default; loops as long as ours are up to twice as fast with them.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        # llvmlite knows no attribute with a value, so its check is gone round.
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return types.none(), generate
