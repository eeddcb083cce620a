"""The fewest bits with which something holds, asked as seldom as may be.

::

    low . . . . . x x x x o o o o o high      x is refused, o holds
                        ^ found
          4 <- 2 <- 1 <- guess                steps grow until one is refused, or holds;
                                              then the space between is halved
"""

from dataclasses import dataclass, field

__all__ = ["Hunt"]


@dataclass
class Hunt:
    """A search whose answers come one by one.

    Parameters
    ----------
    low, high : int
        Fewest and most bits.
    guess : int
        What is asked first.
    """

    low: int
    high: int
    guess: int
    answers: dict[int, bool] = field(default_factory=dict, init=False)
    """By bits, whether it held."""

    def __post_init__(self) -> None:
        self.guess = min(max(self.guess, self.low), self.high)

    @property
    def found(self) -> int | None:
        """The fewest bits that held so far; None where none did."""
        return min((bits for bits, held in self.answers.items() if held), default=None)

    def next(self) -> int | None:
        """Bits to ask for; None at the end.

        Examples
        --------
        >>> hunt, asked = Hunt(0, 20, 9), []
        >>> while (bits := hunt.next()) is not None:
        ...     asked.append(bits)
        ...     hunt.answers[bits] = bits >= 6
        >>> asked, hunt.found
        ([9, 8, 7, 5, 6], 6)
        """
        if not self.answers:
            return self.guess
        held = self.found
        if held is None:
            return None if self.high in self.answers else self.high
        refused = max((bits for bits in self.answers if bits < held), default=None)
        if refused is None:
            start = max(bits for bits, yes in self.answers.items() if yes)
            return None if held == self.low else max(self.low, held - max(1, start - held))
        if held - refused == 1:
            return None
        if held == self.high and not self.answers[self.guess]:
            return min(held - 1, refused + max(1, refused - self.guess))
        return (held + refused) // 2
