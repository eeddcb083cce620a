"""What circuits cannot do, though the golden model can: refused in one sentence."""

from fp8mac.hw.config.accumulators import FloatAccConfig
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.formats import Rounding
from fp8mac.hw.config.unit import MacConfig

__all__ = ["check_buildable"]


def check_buildable(config: MacConfig) -> None:
    """Refuse a unit that the golden model has and circuits have not.

    Raises
    ------
    ConfigError
        If the accumulator rounds stochastically or in an unusual way, or products are not added one
        by one.
    """
    if config != config.plain:
        raise ConfigError(
            f"No circuit adds products as in {config.text}; circuits add them one by one."
        )
    acc = config.accumulator
    if isinstance(acc, FloatAccConfig) and not acc.is_basic:
        raise ConfigError(
            f"No circuit rounds as {acc.name} does; circuits round to nearest even, or toward zero "
            "(:rtz), with :ftz and :saturate."
        )
    if isinstance(acc, FloatAccConfig) and acc.rounding is Rounding.STOCHASTIC:
        raise ConfigError(
            "Stochastic rounding exists in the golden model only; a circuit rounds to nearest "
            "even, or toward zero (:rtz)."
        )
