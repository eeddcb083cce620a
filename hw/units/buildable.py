"""What circuits cannot do, though the golden model can: refused in one sentence."""

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.structure import MOST_LANES
from fp8mac.hw.config.unit import MacConfig
from fp8mac.hw.dot.family import DOTS

__all__ = ["check_buildable", "check_undrawn"]


def check_buildable(config: MacConfig) -> None:
    """Refuse a unit that the golden model has and circuits have not.

    Raises
    ------
    ConfigError
        If the accumulator rounds in an unusual way, or stochastically in several stages, or
        products are added in a way that no circuit has.
    """
    acc = config.accumulator
    if config.random_bits and config.stages > 1:
        raise ConfigError(
            "A circuit that rounds stochastically has one stage: its random number is that of the "
            "clock edge on which the sum is rounded."
        )
    if config != config.plain:
        if config.products_per_cycle > MOST_LANES or not any(dot.fits(config) for dot in DOTS):
            raise ConfigError(
                f"No circuit adds products as in {config.text}; circuits add them one by one, or "
                f"1 to {MOST_LANES} in a step: exactly, in windows and groups of windows that are "
                "joined, or by a tree of adders, where products are rounded; not in chunks, and "
                "blocks where one scale of each operand, or one of each group, multiplies their "
                "exact sum, or a power of two a window's."
            )
        return
    if isinstance(acc, FloatAccConfig) and not acc.is_basic:
        raise ConfigError(
            f"No circuit rounds as {acc.name} does; circuits round to nearest even, toward zero "
            "(:rtz) or stochastically (:sr), with :ftz and :saturate."
        )


def check_undrawn(config: MacConfig, where: str) -> None:
    """Refuse a unit where nothing gives it random numbers.

    Parameters
    ----------
    where : str
        What it is to be in: ``an array``.

    Raises
    ------
    ConfigError
        As `check_buildable`; or if the accumulator rounds stochastically.
    """
    check_buildable(config)
    if config.random_bits:
        raise ConfigError(
            f"In {where} nothing draws the random numbers of {config.accumulator.name}; choose "
            "another rounding than :sr."
        )
