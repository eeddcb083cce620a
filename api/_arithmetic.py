"""Numbers, codes, sums: the golden model and its fast twins."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.formats import Format, parse_format
from fp8mac.sim.codes import encoding
from fp8mac.sim.codes.inputs import InputError, as_array, codes_of, whole
from fp8mac.sim.exact import golden as model
from fp8mac.sim.gemm.gemm import GemmResult
from fp8mac.sim.gemm.gemm import gemm as product

from ._units import AnyUnit, as_unit

__all__ = ["decode", "encode", "gemm", "golden"]


def encode(x: ArrayLike, format_: str | Format) -> NDArray[Any]:
    """Codes of the nearest numbers of a format; ties go to the even code.

    Parameters
    ----------
    x : array_like of float
        Any shape.
    format_ : str or Format
        Such as ``"e4m3"``.

    Returns
    -------
    ndarray of uint8, uint16 or uint32
        Of the shape of ``x``. What is beyond the largest number, infinities included, becomes the
        largest number.

    Raises
    ------
    Error
        If there is no such format, or a NaN for which it has no code.

    Examples
    --------
    >>> encode([1.0, -2.5, 1e9], "e4m3").tolist()
    [56, 194, 126]
    """
    return encoding.encode(x, _format(format_))


def decode(codes: ArrayLike, format_: str | Format) -> NDArray[np.float64]:
    """Numbers that codes stand for, exactly.

    Parameters
    ----------
    codes : array_like of int
        Any shape.
    format_ : str or Format
        Such as ``"e4m3"``.

    Raises
    ------
    Error
        If there is no such format or code.

    Examples
    --------
    >>> decode([56, 194, 126], "e4m3").tolist()
    [1.0, -2.5, 448.0]
    """
    return encoding.decode(codes, _format(format_))


def gemm(
    a: ArrayLike,
    b: ArrayLike,
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
        unit's first format.
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
    left, right = _codes(a, config.a, "a"), _codes(b, config.b, "b")
    return product(left, right, config, start=start, seed=seed, backend=backend, threads=threads)


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


def _format(given: str | Format) -> Format:
    return parse_format(given) if isinstance(given, str) else given


def _codes(given: ArrayLike, format_: Format, name: str) -> NDArray[Any]:
    array = as_array(given, name)
    return array if array.dtype.kind in "uib" else encoding.encode(array, format_)
