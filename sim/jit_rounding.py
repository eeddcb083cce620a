"""A processor that rounds toward zero while a compiled kernel runs."""

from typing import Any

from llvmlite import ir
from numba import types

from fp8mac.sim.jit import intrinsic

__all__ = ["alone", "declared", "rounding_mode", "set_rounding_mode"]


def declared(builder: Any, name: str, kind: Any) -> Any:
    """One of LLVM's own functions, of this name and type."""
    known = builder.module.globals.get(name)
    return ir.Function(builder.module, kind, name) if known is None else known


@intrinsic
def rounding_mode(typing: Any) -> Any:
    """How the processor rounds, in LLVM's numbers: 0 toward zero, 1 to nearest."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(32), [])
        return builder.call(declared(builder, "llvm.get.rounding", kind), [])

    return types.int32(), generate


@intrinsic
def set_rounding_mode(typing: Any, mode: Any) -> Any:
    """Let the processor round so; of this thread, and until it is set back."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(32)])
        builder.call(declared(builder, "llvm.set.rounding", kind), arguments)
        return context.get_dummy_value()

    return types.none(types.int32), generate


@intrinsic
def alone(typing: Any) -> Any:
    """Keep the function that calls this out of those that call it.

    The compiler does not know that a function rounds otherwise, and could move sums out of it.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.none(), generate
