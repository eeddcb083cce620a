"""Units, and how networks are brought to them."""

from fp8mac.hw.config.unit import parse_unit
from fp8mac.sim.codes.quantize import Calibration, Scaling
from fp8mac.sim.networks.engines.engine import Recipe


def recipe(
    a: str, acc: str, w: str | None = None, calibration="max", summation="", **more
) -> Recipe:
    config = parse_unit(a, w, acc=acc, summation=summation)
    how = Calibration(calibration)
    return Recipe(config, Scaling(config.a, how), Scaling(config.b, how, per_channel=True), **more)
