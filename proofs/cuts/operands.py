"""All pairs of operands of a lane: their products and flags, by the golden model.

Pairs are in the order of ``a``, and of ``b`` for each of them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.formats import Format
from fp8mac.hw.config.unit import MacConfig
from fp8mac.sim.exact import golden

__all__ = ["products", "raised"]


def products(config: MacConfig, dtype: Any) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Products in units of a fixed-point register, and which of them are specified."""
    sides = [_units(format_) for format_ in (config.a, config.b)]
    numbers = [np.array([each or 0 for each in side], dtype) for side in sides]
    legal = [np.array([each is not None for each in side]) for side in sides]
    return np.outer(*numbers).ravel(), np.outer(*legal).ravel()


def _units(format_: Format) -> list[int | None]:
    """Number of every code in units of the format's lowest bit.

    None for NaN, infinities, and the code that a symmetric integer has not.
    """
    found: list[int | None] = []
    for code in range(1 << format_.bits):
        number = golden.decode(format_, code)
        units = number.magnitude << max(0, number.exponent - format_.lsb_exponent)
        legal = number.kind is golden.Kind.FINITE and units <= format_.max_magnitude
        found.append((-units if number.sign else units) if legal else None)
    return found


def raised(config: MacConfig) -> NDArray[np.bool_]:
    """Flags of products, shape (pairs, flags)."""
    a, b = (
        [golden.decode(format_, code) for code in range(1 << format_.bits)]
        for format_ in (config.a, config.b)
    )
    plain = config.plain
    return np.array([golden.raised_flags(plain, [golden.multiply(x, y)]) for x in a for y in b])
