"""Operands as words, with the scales of blocks above them; what sums are rescaled with."""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.blocks import ScaleFormat
from fp8mac.hw.config.lane import Lane
from fp8mac.hw.config.outputs.output import OutputConfig, Requantizer, ScaledFloat, rescale_widths
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.golden import Rescale

__all__ = [
    "ONE_SCALE",
    "beside",
    "integers",
    "packed",
    "port_words",
    "random_rescales",
    "rescale_words",
    "scale_codes",
]

Codes = NDArray[np.uint64]

ONE_SCALE = {ScaleFormat.E8M0: 127, ScaleFormat.UE4M3: 0x38}
"""Codes of the scale one."""


def integers(words: Codes) -> list[int]:
    """Python integers of an array of shape (n,), or of words, least significant first, (n, k)."""
    if words.ndim == 1:
        return words.tolist()
    found = words[:, -1].astype(object)
    for word in range(words.shape[1] - 2, -1, -1):
        found = (found << 64) | words[:, word].astype(object)
    return found.tolist()


def packed(codes: Codes, bits: int) -> Codes:
    """Words, shape (n, k), of the codes of lanes, shape (n, lanes), lane 0 in the lowest bits."""
    count, lanes = codes.shape
    words = np.zeros((count, -(-lanes * bits // 64)), np.uint64)
    for lane in range(lanes):
        word, place = divmod(lane * bits, 64)
        words[:, word] |= codes[:, lane] << np.uint64(place)
        if place + bits > 64:
            words[:, word + 1] |= codes[:, lane] >> np.uint64(64 - place)
    return words


def scale_codes(scale: ScaleFormat, shape: tuple[int, int], rng: np.random.Generator) -> Codes:
    """Codes of scales: near one, or any."""
    one = ONE_SCALE[scale]
    near = one + rng.integers(-12, 13, shape)
    codes = np.where(rng.random(shape) < 0.75, near, rng.integers(0, 256, shape))
    return codes.astype(np.uint64)


def beside(words: Codes, bits: int, scales: Codes) -> Codes:
    """Words of an operand, of so many bits, with the codes of scales, shape (n, k), above them."""
    above = packed(scales, 8)
    total = bits + 8 * scales.shape[1]
    both = zip(integers(words), integers(above), strict=True)
    return _words([low | high << bits for low, high in both], total)


def _words(numbers: Sequence[int], bits: int) -> Codes:
    """Words of integers, shape (n, k), the inverse of `integers`."""
    places = range(0, bits, 64)
    rows = [[number >> place & (1 << 64) - 1 for place in places] for number in numbers]
    return np.array(rows, np.uint64)


def port_words(config: MacConfig, a: Codes, b: Codes) -> dict[str, Codes]:
    """What ports of operands and scales are given, of operands as in `Triples`."""
    if config.block is None:
        return {"a": a, "b": b}
    found = {}
    for name, words, format_ in (("a", a, config.a), ("b", b, config.b)):
        parts = [golden.apart(config, word, format_.bits) for word in integers(words)]
        widths = (config.products_per_cycle * format_.bits, 8 * config.scales_per_cycle)
        for port, part, bits in zip(
            (name, f"s{name}"), zip(*parts, strict=True), widths, strict=True
        ):
            found[port] = _words(part, bits)
    return found


def random_rescales(
    output: OutputConfig | None, config: Lane, count: int, seed: int, *, any_sum: bool = False
) -> list[Rescale]:
    """Multipliers and shifts with which sums of a few products are in and out of range.

    Equal seeds give equal ones. None where sums are not rescaled.

    Parameters
    ----------
    any_sum : bool
        Sums of any length instead, up to the whole register, and shifts as far as they go.
    """
    rng = random.Random(seed)
    if isinstance(output, ScaledFloat):
        useful, reach = _useful_shifts(output, config), 1 << output.shift_width - 1
        ends = [useful, (-reach, reach - 1)] if any_sum else [useful]
        return [Rescale(shift=rng.randint(*rng.choice(ends))) for _ in range(count)]
    if not isinstance(output, Requantizer):
        return []
    most = (1 << output.multiplier_bits) - 1
    spare = config.product_bits + output.multiplier_bits - output.format.bits
    wide = config.acc_bits + output.multiplier_bits

    def shift() -> int:
        return rng.randint(0, wide) if any_sum else max(0, spare - rng.randint(0, 6))

    return [Rescale(rng.randint(1, most or 1), shift()) for _ in range(count)]


def _useful_shifts(output: ScaledFloat, config: Lane) -> tuple[int, int]:
    """From where the smallest sum is too large to where the largest one is zero, or an end."""
    format_, smallest = output.format, config.product_lsb_exponent
    largest = smallest + config.acc_bits
    reach = 1 << output.shift_width - 1
    first, last = smallest - format_.emax - 1, largest - format_.lsb_exponent + 2
    return max(min(first, reach - 1), -reach), max(min(last, reach - 1), -reach)


def rescale_words(
    output: OutputConfig | None, config: Lane, rescales: list[Rescale]
) -> dict[str, NDArray[np.uint64]]:
    """Words of the ports that take them, a case each."""
    rows = [each.ports(output, config.acc_bits) for each in rescales]
    widths = rescale_widths(output, config.acc_bits)
    return {name: np.array([row[name] for row in rows], np.uint64) for name in widths}
