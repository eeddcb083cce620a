"""What compiled kernels share: bit patterns of floats, vector registers, a cache.

Accumulators of an inner loop live in a `tile`, a few vector registers wide. The compiler makes
vectors of loops over a tile and unrolls them, and then nothing is left of the memory::

    for k in ...:
        for j in range(width):                                  zmm0 = f(zmm0, b[k, 0:16])
            store(t, j, f(load(t, j), b[k, j]))        ->       zmm1 = f(zmm1, b[k, 16:32]) ...

Only the modules with compiled kernels import this one, and they are imported only where numba is
installed (the extra ``fast``).
"""

import platform
from functools import lru_cache
from typing import Any

import numba
from llvmlite import binding, ir
from numba import extending, types

from fp8mac.sim.jit_cache import KernelCache

__all__ = [
    "TILE_BYTES",
    "add_bits",
    "and_bits",
    "as_bits",
    "as_float",
    "fuses",
    "inline",
    "inside",
    "jit",
    "load",
    "multiply_add",
    "or_bits",
    "shift_right",
    "store",
    "tile",
    "tiles",
    "whole_registers",
]

#: Eight registers of 512 bits: as many sums hide the time that one step of a sum takes.
TILE_BYTES = 512

intrinsic: Any = extending.intrinsic  # its results have other parameters than what it decorates

_PATTERNS: dict[Any, Any] = {types.float32: types.int32, types.float64: types.int64}
_FLOATS = {pattern: number for number, pattern in _PATTERNS.items()}
_LLVM = {
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
    types.int32: ir.IntType(32),
    types.int64: ir.IntType(64),
}


@lru_cache(maxsize=1)
def fuses() -> bool:
    """Whether the processor multiplies and adds with one rounding."""
    always = platform.machine().lower() in ("aarch64", "arm64")
    return always or bool(binding.get_host_cpu_features().get("fma"))


def jit(function: Any) -> Any:
    """Compile once and store; other threads run meanwhile, and arithmetic is IEEE 754's."""
    kernel: Any = numba.njit(nogil=True, error_model="numpy")(function)
    kernel._cache = KernelCache(function)
    return kernel


def inline(function: Any) -> Any:
    """Put the text of a function into the kernels that call it, before they are compiled."""
    return numba.njit(inline="always", error_model="numpy")(function)


def inside(function: Any) -> Any:
    """Put the code of a function into the kernels that call it, after it is compiled."""
    return numba.njit(forceinline=True, error_model="numpy")(function)


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
def shift_right(typing: Any, x: Any, places: Any) -> Any:
    """Bits moved toward the least significant one, in the type of both; the sign comes in."""
    return x(x, x), lambda context, builder, signature, pair: builder.ashr(*pair)


@intrinsic
def multiply_add(typing: Any, x: Any, y: Any, z: Any) -> Any:
    """``x * y + z``, rounded once where the processor `fuses`.

    Elsewhere only for products that are exact, of which both ways make the same.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = _LLVM[signature.return_type]
        kind = ir.FunctionType(number, [number] * 3)
        name = "llvm.fma" if fuses() else "llvm.fmuladd"
        return builder.call(builder.module.declare_intrinsic(name, [number], kind), arguments)

    return z(z, z, z), generate


def _room(like: Any, tiles: int) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        size = ir.Constant(ir.IntType(32), tiles * 8 * TILE_BYTES // like.bitwidth)
        with builder.goto_entry_block():
            room = builder.alloca(_LLVM[like], size=size)
            room.align = 64
        return room

    return types.CPointer(like)(like), generate


@intrinsic
def tile(typing: Any, like: Any) -> Any:
    """Room for ``TILE_BYTES`` of numbers of a type, in registers if all goes well."""
    return _room(like, 1)


@intrinsic
def tiles(typing: Any, like: Any) -> Any:
    """Room for 16 tiles, in memory."""
    return _room(like, 16)


@intrinsic
def load(typing: Any, room: Any, index: Any) -> Any:
    """Number of a tile."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.gep(arguments[0], [arguments[1]], inbounds=True))

    return room.dtype(room, index), generate


@intrinsic
def store(typing: Any, room: Any, index: Any, number: Any) -> Any:
    """Put a number into a tile."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        where, place, what = arguments
        builder.store(what, builder.gep(where, [place], inbounds=True))
        return context.get_dummy_value()

    return types.none(room, index, room.dtype), generate


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
