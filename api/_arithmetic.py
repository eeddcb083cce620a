"""Numbers, codes, sums: the golden model and its fast twins."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.blocks import BlockFormat, parse_any
from fp8mac.hw.config.formats import Format
from fp8mac.sim.codes import blocks, encoding
from fp8mac.sim.codes.blocks import Blocks, ScaleRounding
from fp8mac.sim.codes.inputs import InputError, as_array, codes_of, whole
from fp8mac.sim.exact import golden as model
from fp8mac.sim.gemm.blocks import block_formats, block_gemm
from fp8mac.sim.gemm.gemm import GemmResult
from fp8mac.sim.gemm.gemm import gemm as product

from ._units import AnyUnit, as_unit

__all__ = ["Blocks", "decode", "encode", "gemm", "golden"]


def encode(
    x: ArrayLike,
    format_: str | Format | BlockFormat,
    *,
    axis: int | None = None,
    scale_rounding: str | None = None,
    tensor_scale: float | None = None,
) -> Any:
    """Codes of the nearest numbers of a format; ties go to the even code.

    Parameters
    ----------
    x : array_like of float
        Any shape.
    format_ : str, Format or BlockFormat
        Such as ``"e4m3"``, or ``"mxfp8e4m3"``, whose numbers share scales in blocks.
    axis : int, optional
        Of blocks: along which numbers share a scale, by default the last one.
    scale_rounding : str, optional
        Of blocks whose scales are powers of two: ``"floor"``, OCP's and the default, or ``"up"``,
        with which nothing saturates.
    tensor_scale : float, optional
        Of NVFP4: by default it brings the largest number to 448 * 6.

    Returns
    -------
    ndarray of uint8, uint16 or uint32; or Blocks
        Of the shape of ``x``. What is beyond the largest number, infinities included, becomes the
        largest number. `Blocks` have ``codes``, ``scales`` and ``tensor_scale``.

    Raises
    ------
    Error
        If there is no such format or axis, or a NaN for which it has no code.

    Examples
    --------
    >>> encode([1.0, -2.5, 1e9], "e4m3").tolist()
    [56, 194, 126]
    >>> found = encode([1.0, -2.5, 1e9], "mxfp4")
    >>> found.codes.tolist(), found.scales.tolist(), found.values.max()  # 6 * 2**27
    ([0, 8, 7], [154], np.float64(805306368.0))
    """
    found = _format(format_)
    options = {"axis": axis, "scale_rounding": scale_rounding, "tensor_scale": tensor_scale}
    given = {name: value for name, value in options.items() if value is not None}
    if not isinstance(found, BlockFormat):
        if given:
            raise InputError(f"{found.name} has no blocks; {next(iter(given))} is for these.")
        return encoding.encode(x, found)
    if scale_rounding is not None:
        given["scale_rounding"] = _scale_rounding(scale_rounding)
    return blocks.encode(x, found, **given)


def decode(
    codes: ArrayLike | Blocks, format_: str | Format | BlockFormat | None = None
) -> NDArray[np.float64]:
    """Numbers that codes stand for, exactly.

    Parameters
    ----------
    codes : array_like of int, or Blocks
        Any shape.
    format_ : str, Format or BlockFormat
        Such as ``"e4m3"``. Blocks know it themselves.

    Raises
    ------
    Error
        If there is no such format or code.

    Examples
    --------
    >>> decode([56, 194, 126], "e4m3").tolist()
    [1.0, -2.5, 448.0]
    >>> decode(encode([3.0, 1.0], "mxfp4")).tolist()
    [3.0, 1.0]
    """
    found = None if format_ is None else _format(format_)
    if isinstance(codes, Blocks):
        if found not in (None, codes.format):
            raise InputError(f"These are blocks of {codes.format.name}, not of {found.name}.")
        return codes.values
    if found is None:
        raise InputError("Codes without blocks are of a format that is to be named.")
    if isinstance(found, BlockFormat):
        raise InputError(
            f"Codes of {found.name} have scales beside them; decode the Blocks that encode gives."
        )
    return encoding.decode(codes, found)


def gemm(
    a: ArrayLike | Blocks,
    b: ArrayLike | Blocks,
    unit: AnyUnit,
    *,
    start: GemmResult | None = None,
    seed: int = 0,
    backend: str = "auto",
    threads: int = 1,
) -> GemmResult:
    """Product of two matrices as a unit computes it: every rounding, overflow, NaN and flag.

    Parameters
    ----------
    a : array_like, shape (m, k)
        Numbers that are not integers are encoded, see `encode`; integers are taken as codes of the
        unit's first format. A unit of blocks takes numbers, or `Blocks` along k.
    b : array_like, shape (k, n)
        The same for its second one.
    unit : Unit, MacConfig or str
        The unit; a sum begins with its accumulator cleared.
    start : GemmResult, optional
        What the accumulators hold before.
    seed : int
        Random numbers of stochastic rounding (``fp16:sr``) follow from it.
    backend : str
        One of `fp8mac.sim.gemm.gemm.BACKENDS`; all give the same bits.
    threads : int
        Threads that share the rows; any number gives the same bits.

    Returns
    -------
    GemmResult
        ``values`` are numbers, ``acc`` the accumulators' patterns, ``flags`` beside them.

    Raises
    ------
    Error
        If matrices do not fit each other or the unit.

    Examples
    --------
    >>> gemm([[1.0, 2.0]], [[1.0], [-3.0]], "e4m3 -> fp16").values
    array([[-5.]])
    """
    config = as_unit(unit).config
    how: dict[str, Any] = {"start": start, "seed": seed, "backend": backend, "threads": threads}
    if config.block is not None:
        left, right = block_formats(config)
        sides = _blocks(a, left, 1, "a"), _blocks(b, right, 0, "b")
        return block_gemm(*sides, config, **how)
    left, right = _codes(a, config.a, "a"), _codes(b, config.b, "b")
    return product(left, right, config, **how)


def golden(
    unit: AnyUnit, a: int, b: int, acc: int = 0, *, random: int | None = None
) -> model.State:
    """One step of a unit in exact integer arithmetic: ``acc + a * b``, of codes.

    Parameters
    ----------
    unit : Unit, MacConfig or str
        The unit.
    a, b, acc : int
        Codes of the operands and of the accumulator, see `fp8mac.sim.exact.golden.State`.
    random : int, optional
        Random number of an accumulator that rounds stochastically.

    Returns
    -------
    State
        ``acc``, None while a flag is up, and ``flags``.

    Raises
    ------
    Error
        If there is no such code or random number.

    Examples
    --------
    >>> golden("e4m3 -> fp16", 0x38, 0xC2, acc=0x3C00)  # 1 * -2.5 + 1 = -1.5
    State(acc=48640, flags=())
    """
    config = as_unit(unit).config
    operands = (
        int(codes_of(whole(a, "a"), config.a, "a")),
        int(codes_of(whole(b, "b"), config.b, "b")),
    )
    drawn = _drawn(random, getattr(config.accumulator, "random_bits", None))
    return model.mac(config, *operands, _pattern(acc, config.acc_bits), random=drawn)


def _pattern(acc: int, bits: int) -> int:
    pattern = whole(acc, "acc")
    if pattern >> bits:
        raise InputError(f"acc is a pattern of {bits} bits, not {pattern}.")
    return pattern


def _drawn(random: int | None, bits: int | None) -> int | None:
    if bits is None:
        if random is not None:
            raise InputError("A random number is for stochastic rounding (:sr) alone.")
        return None
    drawn = None if random is None else whole(random, "random")
    if drawn is None or drawn >> bits:
        raise InputError(f"Stochastic rounding takes a random number of {bits} bits, not {drawn}.")
    return drawn


def _format(given: str | Format | BlockFormat) -> Format | BlockFormat:
    return parse_any(given) if isinstance(given, str) else given


def _scale_rounding(name: str) -> ScaleRounding:
    known = [each.value for each in ScaleRounding]
    if name not in known:
        raise InputError(f"Unknown rounding of scales '{name}'; there are {' and '.join(known)}.")
    return ScaleRounding(name)


def _blocks(given: Any, format_: BlockFormat, axis: int, name: str) -> Blocks:
    """A side of a product, in blocks along the axis on which both meet."""
    if isinstance(given, Blocks):
        return given
    array = as_array(given, name)
    if array.dtype.kind in "uib":
        raise InputError(
            f"{name} holds integers, but codes of {format_.name} have scales beside them; encode "
            "numbers, or make Blocks."
        )
    if array.ndim != 2:
        raise InputError(f"{name} is not a matrix, but an array of shape {array.shape}.")
    return blocks.encode(array, format_, axis=axis)


def _codes(given: ArrayLike | Blocks, format_: Format, name: str) -> NDArray[Any]:
    if isinstance(given, Blocks):
        raise InputError(f"{name} holds blocks, but the unit takes {format_.name} without scales.")
    array = as_array(given, name)
    return array if array.dtype.kind in "uib" else encoding.encode(array, format_)
