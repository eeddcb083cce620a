"""Planted bugs in what makes a block of sums."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType

from fp8mac.hw.area import block
from fp8mac.hw.config.blocks import ScaleRounding
from fp8mac.hw.config.outputs.blocks import BlockOutput
from fp8mac.proofs.bugs.planting import MutationError

__all__ = ["BLOCK_BUGS", "BlockBug"]


@dataclass(frozen=True)
class BlockBug:
    """One change of the source of `fp8mac.hw.area.block`.

    Parameters
    ----------
    name : str
        Unique; what the bug is.
    claim : str
        What it breaks, ``scale`` or ``element``.
    old, new : str
        Text that occurs exactly once, and what replaces it.
    output : str
        Blocks on which it must be refuted, of two sums of eight bits.
    lsb_exponent : int
        Weight of their last place, as a power of two.
    anywhere : callable
        Whether sums of any width show it, given what a block becomes.
    """

    name: str
    claim: str
    old: str
    new: str
    output: str
    lsb_exponent: int = 0
    anywhere: Callable[[BlockOutput], bool] = field(default=lambda output: False, compare=False)

    def plant(self, width: int, lsb_exponent: int, output: BlockOutput) -> block.ToBlock:
        """The changed circuit; parameters are those of `ToBlock`.

        Raises
        ------
        MutationError
            If the text to replace does not occur exactly once.
        """
        source = inspect.getsource(block)
        if (count := source.count(self.old)) != 1:
            raise MutationError(f"'{self.name}': '{self.old}' occurs {count} times, not once.")
        planted = ModuleType("planted")
        exec(compile(source.replace(self.old, self.new), "planted", "exec"), vars(planted))
        return vars(planted)["ToBlock"](width, lsb_exponent, output)


def _always(output: BlockOutput) -> bool:
    return True


def _rounds(rounding: ScaleRounding) -> Callable[[BlockOutput], bool]:
    return lambda output: output.scale_rounding is rounding


def _has_nan(output: BlockOutput) -> bool:
    return output.format.element.has_nan


# fmt: off
BLOCK_BUGS = (
    BlockBug("the first sum alone chooses the scale", "scale",
             "reduce(or_, magnitudes)", "next(magnitudes)", "mxfp4", 0, _always),
    BlockBug("bits of a NaN count", "scale",
             "& (~nan).replicate(len(x))", "", "mxfp8", 0, _has_nan),
    BlockBug("the sign counts as a zero", "scale",
             "Cat(sign, x[:-1] ^ ", "Cat(Const(0, 1), x[:-1] ^ ", "mxfp4"),
    BlockBug("scales below the smallest one", "scale",
             "min(len(occupied) - 1, top)", "len(occupied) - 1", "mxint8", -129),
    BlockBug("zeros have a scale of numbers", "scale",
             "& leading.replicate(8)", "", "mxfp4"),
    BlockBug("the first sum alone is tried for the next scale", "scale",
             "reduce(or_, beyond)", "next(iter(beyond))", "mxfp8"),
    BlockBug("negative powers of two have the scale below", "scale",
             "x[-1] & ~x[:-1].any()", "x[-1] & ~x[-1]", "mxfp8", 0, _rounds(ScaleRounding.FLOOR)),
    BlockBug("negative sums are never too large", "scale",
             "Mux(x[-1], ~first.any(), ", "Mux(x[-1], x[-1] & ~x[-1], ", "mxfp8:up", 0,
             _rounds(ScaleRounding.UP)),
    BlockBug("a scale above the largest one", "scale",
             "if top == _LARGEST:", "if top > _LARGEST:", "mxint8", 126),
    BlockBug("a NaN is an infinity as well", "scale",
             "wire(m, (self.inf & ~self.nan).any()", "wire(m, self.inf.any()", "mxfp8"),
    BlockBug("one NaN of several is lost", "scale",
             "scale |= self.nan.any()", "scale |= self.nan.all()", "mxfp4"),
    BlockBug("the bit that falls off is forgotten", "element",
             "x[0] | (x[1] & more)", "Mux(more, x[1], x[0])", "mxfp4"),
    BlockBug("elements do not follow the next scale", "element",
             "Mux(more, Cat(x[2:], x[-1]), x[1:])", "x[1:]", "mxfp4", 0, _always),
    BlockBug("what is below is cut", "element",
             "return x if below < 2 else Cat(x[:below].any(), ", "return Cat(", "mxfp4"),
    BlockBug("beside an infinity all sums are ends", "element",
             "Mux(self.inf[place], end, far[place])", "end", "mxfp4", 0, _always),
    BlockBug("an infinity has the other sign", "element",
             "Cat((~negative).repl", "Cat(negative.repl", "mxint8", 0, _always),
    BlockBug("what is beyond the largest scale has the other sign", "element",
             "Mux(outside, (~sign)", "Mux(outside, sign", "mxint8", 125),
    BlockBug("the first sum's NaN is that of all", "element",
             "stage.nan.eq(self.nan[place])", "stage.nan.eq(self.nan[0])", "mxfp8", 0, _has_nan),
)
"""Every planted bug."""
# fmt: on
