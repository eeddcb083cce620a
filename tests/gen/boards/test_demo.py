"""Pictures on a board: the answers of `gemm`, bit for bit, or it is said."""

import pytest

from fp8mac.gen.boards.demo import CLOTHES, Demo
from fp8mac.gen.boards.host import BoardLink
from fp8mac.gen.boards.simulated import ANSWER_SECONDS, SimulatedBoard
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
    demo = Demo(config)
    pictures = demo.classify(Golden(config), 2, progress=done.append)
    assert demo.products == 64 * 32 + 32 * 10
    assert sum(done) == 2 * demo.products
    assert [(each.number, each.same, each.sums, each.wrong) for each in pictures] == [
        (0, True, 42, 0),
        (1, True, 42, 0),
    ]
    assert [each.answer for each in pictures] == [each.truth for each in pictures]


def test_wrong_sums_are_seen():
    config = parse_line("int8 -> int32")
    (picture,) = Demo(config).classify(Golden(config, wrong=1 << 12), 1)
    assert (picture.same, picture.sums, picture.wrong) == (False, 42, 42)


def test_some_sums_of_each_layer_of_clothes():
    """A wrong sum that changes no output is seen as well."""
    config, done = parse_line("int8 -> int32"), []
    demo = Demo(config, "fmnist", sums=3)
    (picture,) = demo.classify(Golden(config, wrong=1), 1, progress=done.append)
    products = [9, 144, 288, 576, 64]
    assert done == [each for each in products for _ in range(3)]
    assert demo.products == 3 * sum(products)
    assert (picture.sums, picture.wrong) == (15, 15)
    assert (CLOTHES[picture.truth], CLOTHES[picture.answer]) == ("boot", "boot")


@pytest.mark.slow
def test_clothes_on_a_simulated_board():
    """A picture, a sum of each of its five layers on the board."""
    config = parse_line("e4m3 -> kulisch:7")
    with (
        SimulatedBoard(config) as board,
        BoardLink(config, board.port, answer_seconds=ANSWER_SECONDS) as link,
    ):
        (picture,) = Demo(config, "fmnist", sums=1).classify(link, 1)
    assert (picture.same, picture.sums, picture.wrong) == (True, 5, 0)
    assert CLOTHES[picture.answer] == "boot"


def test_lanes_are_refused():
    with pytest.raises(ConfigError) as caught:
        Demo(parse_line("int8 x 2 -> int32"))
    assert str(caught.value) == (
        "Pictures are classified product by product, not as int8 x 2 -> int32 does."
    )
