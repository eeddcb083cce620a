"""What an accumulator stands for, of one word or in segments, as SMT-LIB terms."""

from fp8mac.hw.config.unit import MacConfig
from fp8mac.proofs.spec.theory import all_of, bits

__all__ = ["settling", "value", "zero_claim"]


def value(config: MacConfig, word: str, *carries: str) -> str:
    """Value of an accumulator: its word, and the carries of one in segments at their places."""
    for carry in carries:
        late = ""
        for place in range(config.acc_bits):
            bit = "#b0"
            if place in config.carry_places:
                at = config.carry_places.index(place)
                bit = f"((_ extract {at} {at}) {carry})"
            late = f"(concat {bit} {late})" if late else bit
        word = f"(bvadd {word} {late})"
    return word


def zero_claim(config: MacConfig, *words: str) -> str:
    """Claim that an accumulator is zero, and has no carries."""
    widths = (config.acc_bits, len(config.carry_places))
    return all_of(
        [f"(= {word} {bits(0, width)})" for word, width in zip(words, widths, strict=False)]
    )


def settling(config: MacConfig, carry_next: str, carry: str) -> str:
    """Claim that the lowest carry goes, and that none comes below it.

    So after as many such edges as there are carries there are none: the first takes the lowest away
    for good, the next the one above.
    """
    up_to_lowest = f"(bvxor {carry} (bvsub {carry} {bits(1, len(config.carry_places))}))"
    none = bits(0, len(config.carry_places))
    return f"(= (bvand {carry_next} {up_to_lowest}) {none})"
