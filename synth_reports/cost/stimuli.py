"""What a unit does while its energy is measured."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from fp8mac.hw.config.unit import MacConfig

__all__ = ["WIDEST_BITS", "Stimuli", "can_draw"]

WIDEST_BITS = 16
"""Of formats whose codes are drawn."""


@dataclass(frozen=True)
class Stimuli:
    """What a unit does while its energy is measured.

    Parameters
    ----------
    operands : str
        A value of `fp8mac.synth_reports.cost.operands.Operands`, or a file with recorded codes.
    cycles : int
        Clock cycles; up to a whole number of sums. All that there are, for recorded ones.
    clear_every : int
        Steps of a sum.
    """

    operands: str = "normal"
    cycles: int = 20_000
    clear_every: int = 64

    @property
    def recorded(self) -> bool:
        """Whether the operands come from a file."""
        return self.operands.endswith(".npz")

    def identity(self) -> list[str]:
        """What equal stimuli have in common."""
        facts = [str(self.cycles), str(self.clear_every)]
        if not self.recorded:
            return [self.operands, *facts]
        try:
            return [sha256(Path(self.operands).read_bytes()).hexdigest(), *facts]
        except OSError:
            return [self.operands, *facts]  # the reader says what is wrong with it


def can_draw(config: MacConfig) -> bool:
    """Whether operands can be drawn: from the list of all codes, which must not be too long."""
    return max(config.a.bits, config.b.bits) <= WIDEST_BITS
