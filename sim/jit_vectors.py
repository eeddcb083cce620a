"""Vectors as values of compiled kernels.

LLVM makes vectors of plain loops where it likes to; here each operation is one of whole vectors, of
any length, which it takes apart into registers::

    x = vector(np.float32(0), 64)       64 zeros
    y = load(b, 64 * k, x)              as many numbers of a flat array, from a place on
    multiply_add(x, y, y)               four FMAs of 512 bits

Masks are vectors of booleans. Integers are never widened, unlike Python's operators in numba.
Floats become integers toward zero; all else rounds as the processor does at the time.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel.models import PrimitiveModel
from numba.core.datamodel.registry import register_default

from fp8mac.sim.jit import intrinsic
from fp8mac.sim.jit_rounding import declared

__all__ = [
    "Vector",
    "add",
    "as_bits",
    "as_float",
    "as_integers",
    "as_numbers",
    "both",
    "choose",
    "either",
    "extend",
    "greater",
    "item",
    "largest",
    "least",
    "load",
    "multiply",
    "multiply_add",
    "save",
    "shift_left",
    "shift_right",
    "shorten",
    "splat",
    "subtract",
    "unequal",
    "vector",
    "widen",
]

_LLVM = {
    types.boolean: ir.IntType(1),
    types.int16: ir.IntType(16),
    types.int32: ir.IntType(32),
    types.int64: ir.IntType(64),
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
}
_PATTERNS = {types.float32: types.int32, types.float64: types.int64}
_FLOATS = {pattern: number for number, pattern in _PATTERNS.items()}


class Vector(types.Type):
    """So many numbers of a type."""

    def __init__(self, dtype: Any, count: int) -> None:
        self.dtype, self.count = dtype, count
        super().__init__(f"vector({dtype}, {count})")

    def of(self, dtype: Any) -> "Vector":
        """As many of another type."""
        return Vector(dtype, self.count)

    @property
    def llvm(self) -> Any:
        """The type in LLVM's words."""
        return ir.VectorType(_LLVM[self.dtype], self.count)

    @property
    def is_float(self) -> bool:
        """Whether they are floating-point numbers."""
        return self.dtype in _PATTERNS


@register_default(Vector)
class _VectorModel(PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, kind.llvm)


def _pair(of_floats: str | None, of_integers: str | None) -> Any:
    """Operation of two vectors of one type, by the names that LLVM's builder has for it."""

    def typed(typing: Any, x: Any, y: Any) -> Any:
        name = of_floats if x.is_float else of_integers
        assert name is not None
        assert x == y

        def generate(context: Any, builder: Any, signature: Any, pair: Any) -> Any:
            return getattr(builder, name)(*pair)

        return x(x, y), generate

    return intrinsic(typed)


add = _pair("fadd", "add")
subtract = _pair("fsub", "sub")
multiply = _pair("fmul", "mul")
both = _pair(None, "and_")
either = _pair(None, "or_")


def _compare(operator: str, unordered: bool = False) -> Any:
    def typed(typing: Any, x: Any, y: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, pair: Any) -> Any:
            if not x.is_float:
                return builder.icmp_signed(operator, *pair)
            compare = builder.fcmp_unordered if unordered else builder.fcmp_ordered
            return compare(operator, *pair)

        return x.of(types.boolean)(x, y), generate

    return intrinsic(typed)


greater = _compare(">")
unequal = _compare("!=", unordered=True)


def _extreme(operator: str) -> Any:
    def typed(typing: Any, x: Any, y: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, pair: Any) -> Any:
            compare = builder.fcmp_ordered if x.is_float else builder.icmp_signed
            return builder.select(compare(operator, *pair), *pair)

        return x(x, y), generate

    return intrinsic(typed)


largest, least = _extreme(">"), _extreme("<")


@intrinsic
def choose(typing: Any, mask: Any, x: Any, y: Any) -> Any:
    """The first where the mask says so, else the second."""
    return x(mask, x, y), lambda context, builder, signature, three: builder.select(*three)


@intrinsic
def multiply_add(typing: Any, x: Any, y: Any, z: Any) -> Any:
    """``x * y + z`` of exact products, see `fp8mac.sim.jit.multiply_add`."""

    def generate(context: Any, builder: Any, signature: Any, three: Any) -> Any:
        name = f"llvm.fmuladd.v{z.count}f{z.dtype.bitwidth}"
        kind = ir.FunctionType(z.llvm, [z.llvm] * 3)
        return builder.call(declared(builder, name, kind), three)

    return z(z, z, z), generate


def _shift(name: str) -> Any:
    def typed(typing: Any, x: Any, places: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, pair: Any) -> Any:
            count = context.cast(builder, pair[1], places, x.dtype)
            return getattr(builder, name)(pair[0], _splat(builder, count, x))

        return x(x, places), generate

    return intrinsic(typed)


shift_left, shift_right = _shift("shl"), _shift("ashr")


def _splat(builder: Any, number: Any, kind: Vector) -> Any:
    nothing = ir.Constant(kind.llvm, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    everywhere = ir.Constant(ir.VectorType(ir.IntType(32), kind.count), [0] * kind.count)
    return builder.shuffle_vector(first, nothing, everywhere)


@intrinsic
def splat(typing: Any, number: Any, like: Any) -> Any:
    """A number, as often as there are numbers in another vector, and of their type."""

    def generate(context: Any, builder: Any, signature: Any, pair: Any) -> Any:
        return _splat(builder, context.cast(builder, pair[0], number, like.dtype), like)

    return like(number, like), generate


@intrinsic(prefer_literal=True)
def vector(typing: Any, number: Any, count: Any) -> Any:
    """A number, so many times."""
    kind = Vector(types.unliteral(number), count.literal_value)

    def generate(context: Any, builder: Any, signature: Any, pair: Any) -> Any:
        return _splat(builder, context.cast(builder, pair[0], number, kind.dtype), kind)

    return kind(number, count), generate


def _place(made: tuple[Any, Any, Any], array: Any, index: Any, kind: Any) -> Any:
    context, builder, array_type = made
    data = context.make_array(array_type)(context, builder, array).data
    place = builder.gep(data, [index], inbounds=True, source_etype=_LLVM[kind.dtype])
    return builder.bitcast(place, kind.llvm.as_pointer())


@intrinsic
def load(typing: Any, array: Any, index: Any, like: Any) -> Any:
    """Numbers of a flat array, from an index on, as many as there are in another vector."""
    kind = like.of(array.dtype)

    def generate(context: Any, builder: Any, signature: Any, three: Any) -> Any:
        place = _place((context, builder, array), three[0], three[1], kind)
        return builder.load(place, align=kind.dtype.bitwidth // 8, typ=kind.llvm)

    return kind(array, types.intp, like), generate


@intrinsic
def item(typing: Any, array: Any, index: Any) -> Any:
    """Number of a flat array; the index is not negative, and nothing looks at it."""

    def generate(context: Any, builder: Any, signature: Any, pair: Any) -> Any:
        make = context.make_array(array)(context, builder, pair[0])
        kind = _LLVM[array.dtype]
        place = builder.gep(make.data, [pair[1]], inbounds=True, source_etype=kind)
        return builder.load(place, typ=kind)

    return array.dtype(array, types.intp), generate


@intrinsic
def save(typing: Any, array: Any, index: Any, numbers: Any) -> Any:
    """Put numbers into a flat array, from an index on."""

    def generate(context: Any, builder: Any, signature: Any, three: Any) -> Any:
        place = _place((context, builder, array), three[0], three[1], numbers)
        builder.store(three[2], place, align=numbers.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(array, types.intp, numbers), generate


def _cast(name: str, result: Callable[[Any, Any], Any]) -> Any:
    def typed(typing: Any, x: Any, like: Any) -> Any:
        kind = result(x, like)

        def generate(context: Any, builder: Any, signature: Any, pair: Any) -> Any:
            return pair[0] if kind == x else getattr(builder, name)(pair[0], kind.llvm)

        return kind(x, like), generate

    return intrinsic(typed)


widen = _cast("sext", lambda x, like: x.of(types.unliteral(like)))
extend = _cast("fpext", lambda x, like: x.of(types.unliteral(like)))
shorten = _cast("fptrunc", lambda x, like: x.of(types.unliteral(like)))
as_integers = _cast("fptosi", lambda x, like: x.of(types.unliteral(like)))
as_numbers = _cast("sitofp", lambda x, like: x.of(types.unliteral(like)))


@intrinsic
def as_bits(typing: Any, x: Any) -> Any:
    """Patterns of floats, as integers of their size."""
    return x.of(_PATTERNS[x.dtype])(x), _bitcast


@intrinsic
def as_float(typing: Any, x: Any) -> Any:
    """Floats that have patterns."""
    return x.of(_FLOATS[x.dtype])(x), _bitcast


def _bitcast(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    return builder.bitcast(arguments[0], signature.return_type.llvm)
