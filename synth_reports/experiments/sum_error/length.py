"""Error of an accumulator against the length of its sums, apart from any rounding of operands.

Operands are drawn from the inputs and weights of a layer of the Fashion-MNIST network, its fourth;
sums are compared with the exact ones of the same codes. ``signed`` sums are those of the network, a
random walk; in ``one sign`` all products are positive, and a sum outgrows its products.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.codes.encoding import decode
from fp8mac.sim.codes.quantize import Calibration, Scaled, Scaling, find_scale, headroom, quantize
from fp8mac.sim.gemm.gemm import gemm
from fp8mac.sim.networks.metrics import sqnr_db
from fp8mac.sim.networks.tasks.diagnose import swamped_share
from fp8mac.sim.networks.tasks.images import embedded_parameters
from fp8mac.sim.networks.tasks.zoo import load_task

if TYPE_CHECKING:
    from fp8mac.synth_reports.store.store import Store

__all__ = ["LENGTHS", "SUMS", "LengthJob", "SumLength", "length_jobs", "point_of"]

LENGTHS = tuple(32 << step for step in range(9))
"""32 to 8192."""

_SIDE = 48  # rows and columns

SUMS = _SIDE**2
"""Of a point."""


@dataclass(frozen=True)
class SumLength:
    """An accumulator at a length.

    Parameters
    ----------
    format, accumulator, signs : str
        Of operands, of sums, and ``signed`` or ``one sign``.
    terms : int
        Length of the sums.
    sqnr_db : float or None
        Of the sums; None where they are exact.
    swamped_share : float
        Of the products, see `fp8mac.sim.networks.tasks.diagnose`.
    overflow_share : float
        Of the sums, those that are not finite.
    """

    format: str
    accumulator: str
    signs: str
    terms: int
    sqnr_db: float | None
    swamped_share: float
    overflow_share: float


@dataclass(frozen=True)
class LengthJob:
    """An accumulator at a length, see `SumLength`."""

    format: str
    accumulator: str
    signs: str
    terms: int


def length_jobs(
    formats: Sequence[str] = ("int8", "e3m4", "e4m3", "e5m2"),
    accumulators: Sequence[str] = ("fp32", "fp16", "e6m9", "bf16"),
    lengths: Sequence[int] = LENGTHS,
) -> list[LengthJob]:
    """Every format in every accumulator, signed and in one sign, at every length."""
    return [
        LengthJob(*each) for each in product(formats, accumulators, ("signed", "one sign"), lengths)
    ]


def point_of(job: LengthJob, store: "Store", *, force: bool = False) -> SumLength:
    """Noise of sums; what the store has is read from it."""
    key = store.key([job.format, job.accumulator, job.signs, str(job.terms)], __name__)
    known = None if force else store.load("sum_length", key)
    if known is None:
        known = asdict(_point(job))
        store.save("sum_length", key, known)
    return SumLength(**known)


def _point(job: LengthJob) -> SumLength:
    format_, acc, signs, terms = job.format, job.accumulator, job.signs, job.terms
    config = parse_unit(format_, acc=acc)
    a, b = _operands(terms, signs)
    scaling = Scaling(config.a, Calibration.MAX)
    scales = find_scale(scaling, a), find_scale(scaling, b)
    rooms = headroom(
        config.accumulator,
        lambda: float(np.abs((a / scales[0]) @ (b / scales[1])).max()),
        Scaled(config.a, a, scales[0]),
        Scaled(config.b, b, scales[1]),
    )
    a_codes = quantize(config.a, a, scales[0], rooms[0])
    b_codes = quantize(config.b, b, scales[1], rooms[1])
    left, right = decode(a_codes, config.a), decode(b_codes, config.b)
    exact = left @ right
    sums = gemm(a_codes, b_codes, config).values
    finite = np.isfinite(sums)
    noise = float(np.square(sums[finite] - exact[finite]).sum())
    products = left[0][:, None] * right
    return SumLength(
        format_,
        acc,
        signs,
        terms,
        sqnr_db(float(np.square(exact[finite]).sum()), noise),
        swamped_share(config, products),
        float(1 - finite.mean()),
    )


def _operands(terms: int, signs: str) -> tuple[NDArray[Any], NDArray[Any]]:
    activations, weights = _pools()
    rng = np.random.default_rng(terms)
    a = rng.choice(activations, (_SIDE, terms))
    b = rng.choice(weights, (terms, _SIDE))
    return (a, b) if signs == "signed" else (np.abs(a), np.abs(b))


@cache
def _pools() -> tuple[NDArray[Any], NDArray[Any]]:
    sample = load_task("fmnist", None).calibrated().samples["conv4.input"]
    return sample.numbers[:-1], embedded_parameters("fmnist")["conv4.weight"].reshape(-1)
