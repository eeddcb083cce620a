"""Arrays of numbers to blocks that share a scale, and back.

::

    x, 80 numbers     |   32   |   32   | 16 |      along one axis; the last block may be short
    scales            |   s0   |   s1   | s2 |      a code each
    codes             one for each number           value = scale * element (* scale of the tensor)

How the scale of a block follows from its largest magnitude, `peak`:

=========  =======================================================================================
``floor``  ``2**(floor(log2(peak)) - emax)``: OCP's document. What is beyond the largest element
           saturates: of e4m3 numbers that is a peak from 448 to 512.
``up``     ``2**ceil(log2(peak / largest))``: nothing saturates.
NVFP4      ``peak / largest / tensor scale``, rounded to e4m3; the tensor scale brings the largest
           number of all to 448 * 6.
=========  =======================================================================================

A block of zeros has the smallest scale. An infinity counts as a number beyond all others. NaN is an
element where elements have NaN; elsewhere it is the scale, and the whole block is NaN.

# Ref: OCP Microscaling Formats (MX) Specification, version 1.0, section 6.3 (floor)
# Ref: arXiv:2506.08027, Recipes for Pre-training LLMs with MXFP8 (up)
# Ref: arXiv:2509.25149, Pretraining Large Language Models with NVFP4, appendix C
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fp8mac.hw.config.blocks import BlockFormat, ScaleFormat, ScaleRounding
from fp8mac.hw.config.formats import FloatFormat, Overflow, Rounding, Specials
from fp8mac.sim.codes import encoding
from fp8mac.sim.codes.inputs import InputError, as_array, codes_of, numbers_of, whole

__all__ = ["Blocks", "ScaleRounding", "decode", "encode", "tensor_scale_of"]

Array = NDArray[Any]

_E4M3 = FloatFormat(4, 3, specials=Specials.FN)
_FP32 = FloatFormat(8, 23)
_SCALE_TYPES = {"float8_e8m0fnu": ScaleFormat.E8M0, "float8_e4m3fn": ScaleFormat.UE4M3}
_NAN_SCALES = {ScaleFormat.E8M0: 0xFF, ScaleFormat.UE4M3: 0x7F}


@dataclass(frozen=True, eq=False)
class Blocks:
    """Codes in blocks that share scales.

    Parameters
    ----------
    format : BlockFormat
        Of elements and scales.
    codes : array_like of int
        Of the elements; any shape but ().
    scales : array_like of int
        Codes of the scales: of the same shape, but along ``axis`` one for each block.
    axis : int
        Along which numbers are in blocks; -1 is the last one.
    tensor_scale : float
        What all numbers are multiplied with; other than 1 in NVFP4 alone.

    Raises
    ------
    InputError
        If arrays do not fit each other, or hold what is no code.
    """

    format: BlockFormat
    codes: Array
    scales: Array
    axis: int = -1
    tensor_scale: float = 1.0

    def __post_init__(self) -> None:
        codes = codes_of(self.codes, self.format.element, "The array")
        scales = _scale_codes(self.scales, self.format.block.scale)
        axis = _axis(self.axis, codes)
        wanted = list(codes.shape)
        wanted[axis] = -(-codes.shape[axis] // self.format.block.size)
        if scales.shape != tuple(wanted):
            raise InputError(
                f"Blocks of shape {codes.shape} along axis {axis} have scales of shape "
                f"{tuple(wanted)}, not {scales.shape}."
            )
        tensor_scale = _tensor_scale(self.format, self.tensor_scale)
        found = {"codes": codes, "scales": scales, "axis": axis, "tensor_scale": tensor_scale}
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.codes.shape))
        return f"<Blocks of {self.format.name}, {shape}, along axis {self.axis}>"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the numbers."""
        return self.codes.shape

    @property
    def values(self) -> NDArray[np.float64]:
        """Numbers, see `decode`."""
        return decode(self)


def encode(
    x: ArrayLike,
    format_: BlockFormat,
    *,
    axis: int = -1,
    scale_rounding: ScaleRounding | None = None,
    tensor_scale: float | None = None,
    rounding: Rounding = Rounding.RNE,
    random: ArrayLike | None = None,
    random_bits: int = 0,
) -> Blocks:
    """Blocks of the elements that numbers round to, each once.

    Parameters
    ----------
    x : array_like of float
        Numbers of any integer or float type; any shape but ().
    format_ : BlockFormat
        Of elements and scales.
    axis : int
        Along which numbers are in blocks.
    scale_rounding : ScaleRounding, optional
        Of scales that are powers of two; ``FLOOR`` by default.
    tensor_scale : float, optional
        Of NVFP4; by default `tensor_scale_of` these numbers.
    rounding, random, random_bits
        Of elements, see `fp8mac.sim.codes.encoding.encode`.

    Raises
    ------
    InputError
        If there are no real numbers or no such axis, or the format has no such scales.

    Examples
    --------
    >>> from fp8mac.hw.config.blocks import BLOCK_FORMATS
    >>> found = encode([3.0, 0.2, 460.0], BLOCK_FORMATS["mxfp8e4m3"])
    >>> found.scales.tolist(), found.values.tolist()  # 2**0; 460 saturates
    ([127], [3.0, 0.203125, 448.0])
    """
    numbers = numbers_of(x, _FP32, Rounding.RNE, Overflow.SATURATE, 0)
    axis = _axis(axis, numbers)
    element, size = format_.element, format_.block.size
    in_blocks = _in_blocks(numbers, axis, size)
    with np.errstate(all="ignore"):
        peaks = np.fmax.reduce(np.abs(in_blocks), axis=-1, initial=0)
        if format_.block.scale is ScaleFormat.E8M0:
            tensor_scale = _tensor_scale(format_, 1.0 if tensor_scale is None else tensor_scale)
            scales, scaled = _by_powers(in_blocks, peaks, format_, scale_rounding)
        else:
            if scale_rounding is not None:
                raise InputError(f"Scales of {format_.name} are not powers of two.")
            if tensor_scale is None:
                tensor_scale = tensor_scale_of(peaks, format_)
            tensor_scale = _tensor_scale(format_, tensor_scale)
            scales, scaled = _by_numbers(in_blocks, peaks, format_, tensor_scale)
    if not element.has_nan:
        nan = np.isnan(in_blocks)
        if nan.any():
            scales[nan.any(axis=-1)] = _NAN_SCALES[format_.block.scale]
            scaled = np.where(nan, 0, scaled)
    scaled = _as_before(scaled.reshape(*scaled.shape[:-2], -1), axis, numbers.shape[axis])
    codes = encoding.encode(scaled, element, rounding, random=random, random_bits=random_bits)
    return Blocks(format_, codes, np.moveaxis(scales, -1, axis), axis, tensor_scale)


def decode(blocks: Blocks) -> NDArray[np.float64]:
    """Numbers of blocks, exactly; NaN throughout a block whose scale is NaN."""
    format_ = blocks.format
    elements = encoding.decode(blocks.codes, format_.element)
    scales = np.repeat(_scale_values(format_, blocks.scales), format_.block.size, blocks.axis)
    inside = [slice(None)] * elements.ndim
    inside[blocks.axis] = slice(blocks.codes.shape[blocks.axis])
    elements = np.ldexp(elements, format_.element_exponent)
    return elements * scales[tuple(inside)] * blocks.tensor_scale


def tensor_scale_of(x: ArrayLike, format_: BlockFormat) -> float:
    """Scale of a tensor in NVFP4: an FP32 number that brings the largest magnitude to 448 * 6.

    1 where all numbers are zero; NaN is not looked at.
    """
    with np.errstate(all="ignore"):
        peak = float(np.fmax.reduce(np.abs(as_array(x, "The array")), axis=None, initial=0))
        largest = float(_E4M3.max * format_.largest)
        found = encoding.round_to(np.float64(peak / largest if peak else 1.0), _FP32)
    return max(float(found), float(_FP32.min_subnormal))


def _tensor_scale(format_: BlockFormat, scale: Any) -> float:
    given = as_array(scale, "The scale of a tensor")
    number = float(given) if given.ndim == 0 and given.dtype.kind in "iuf" else 0.0
    if not number > 0 or float(encoding.round_to(np.float64(number), _FP32)) != number:
        raise InputError(f"The scale of a tensor is a positive number of FP32, not {scale!r}.")
    if number != 1 and format_.block.scale is ScaleFormat.E8M0:
        raise InputError(f"A tensor in {format_.name} has no scale of its own.")
    return number


def _scale_codes(scales: ArrayLike, format_: ScaleFormat) -> NDArray[np.uint8]:
    array = as_array(scales, "The array of scales")
    if _SCALE_TYPES.get(array.dtype.name) is format_:
        return array.view(np.uint8)
    whole = array.dtype.kind in "iu" or not array.size
    if not whole or (array.size and not 0 <= array.min() <= array.max() < 256):
        raise InputError("The scales of blocks are codes from 0 to 255.")
    return array.astype(np.uint8)


def _axis(axis: int, array: Array) -> int:
    axis = whole(axis, "axis")
    if not -array.ndim <= axis < array.ndim:
        raise InputError(f"An array of shape {array.shape} has no axis {axis} for blocks.")
    return axis % array.ndim


def _in_blocks(numbers: Array, axis: int, size: int) -> Array:
    """Numbers in blocks, shape (..., blocks, size), with zeros behind the last one."""
    last = np.moveaxis(numbers, axis, -1)
    missing = -last.shape[-1] % size
    if missing:
        last = np.concatenate([last, np.zeros((*last.shape[:-1], missing), last.dtype)], axis=-1)
    return last.reshape(*last.shape[:-1], (numbers.shape[axis] + missing) // size, size)


def _as_before(last: Array, axis: int, count: int) -> Array:
    return np.moveaxis(last[..., :count], -1, axis)


def _by_powers(
    numbers: Array, peaks: Array, format_: BlockFormat, how: ScaleRounding | None
) -> tuple[Array, Array]:
    """Codes of scales that are powers of two, and scaled numbers in units of an element's code."""
    fraction, exponent = np.frexp(peaks)  # 1/2 <= fraction < 1
    if how is ScaleRounding.UP:
        limit, limit_exponent = np.frexp(float(format_.largest))
        exponent = exponent - int(limit_exponent) + (fraction > limit)
    else:
        exponent = exponent - 1 - format_.emax
    exponent = np.where(peaks == 0, -127, np.where(np.isinf(peaks), 127, exponent))
    exponent = np.clip(exponent, -127, 127)
    shift = -exponent - format_.element_exponent
    if shift.max(initial=0) > 127:  # beyond float32, as for integers
        numbers = numbers.astype(np.float64)
    factor = np.ldexp(numbers.dtype.type(1), shift)[..., None]
    return (exponent + 127).astype(np.uint8), _kept(numbers * factor, numbers)


def _by_numbers(
    numbers: Array, peaks: Array, format_: BlockFormat, tensor_scale: float
) -> tuple[Array, Array]:
    """Codes of scales in e4m3, and scaled numbers.

    Quotients are rounded to float64 first, which does no harm: a tie times a divisor is a float64,
    and a number next to that has a quotient that is more than half an ulp off the tie.
    """
    codes = encoding.encode(peaks / np.float64(tensor_scale * float(format_.largest)), _E4M3)
    divisor = encoding.decode(codes, _E4M3)[..., None] * tensor_scale
    return codes, _kept(np.where(divisor == 0, 0.0, numbers / divisor), numbers)


def _kept(scaled: Array, numbers: Array) -> Array:
    """Scaled numbers; what has become zero by underflow is tiny, and has its sign."""
    tiny = np.finfo(scaled.dtype).smallest_subnormal
    scaled = np.where((scaled == 0) & (numbers != 0), tiny, np.abs(scaled))
    return np.copysign(scaled, numbers)


def _scale_values(format_: BlockFormat, codes: Array) -> NDArray[np.float64]:
    if format_.block.scale is ScaleFormat.UE4M3:
        return encoding.decode(codes & 127, _E4M3)
    return np.where(codes == 255, np.nan, np.ldexp(1.0, codes.astype(np.int64) - 127))
