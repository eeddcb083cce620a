"""Digits on a board: the answers of `gemm`, bit for bit, or it is said."""

import pytest

from fp8mac.gen.boards.demo import PRODUCTS, classify
from fp8mac.hw.config.errors import ConfigError
from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.exact import golden


class Golden:
    """A board that is the golden model, with a bit of some sums wrong."""

    def __init__(self, config, wrong=0):
        self.config, self.wrong = config, wrong

    def sum(self, steps):
        state = golden.reset(self.config)
        for index, (a, b) in enumerate(steps):
            state = golden.step(self.config, state, a, b, clear=index == 0)
        return {"acc": state.acc ^ self.wrong, "nan": 0}


@pytest.mark.parametrize("line", ["e4m3 -> kulisch:7", "int8 -> int32"])
def test_digits_are_those_of_gemm(line):
    config, done = parse_line(line), []
    pictures = classify(config, Golden(config), 2, progress=done.append)
    assert sum(done) == 2 * PRODUCTS
    assert [(each.number, each.same) for each in pictures] == [(0, True), (1, True)]
    assert [each.answer for each in pictures] == [each.truth for each in pictures]


def test_wrong_sums_are_seen():
    config = parse_line("int8 -> int32")
    pictures = classify(config, Golden(config, wrong=1 << 12), 1)
    assert [each.same for each in pictures] == [False]


def test_lanes_are_refused():
    config = parse_line("int8 x 2 -> int32")
    with pytest.raises(ConfigError) as caught:
        classify(config, Golden(config), 1)
    assert str(caught.value) == (
        "Pictures are classified product by product, not as int8 x 2 -> int32 does."
    )
