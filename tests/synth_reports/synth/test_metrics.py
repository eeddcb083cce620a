"""Counting mapped netlists that are small enough to be counted by hand."""

import pytest

from fp8mac.synth_reports.synth.metrics import WEIGHTS, Metrics

# s = a ^ b ^ c, k = a & b | c & (a ^ b), with an inverter pair on the way and an alias of s
FULL_ADDER = """\
.model fa
.inputs a b c
.outputs s k t \\
 zero
.gate XOR2 a=a b=b O=x
.gate XOR2  a=x b=c O=s
.gate AND2  a=a b=b O=g
.gate INV   a=x O=nx
.gate INV   a=nx O=xx
.gate AND2  a=xx b=c O=p
.gate OR2   a=g b=p O=k
.gate BUF   a=s O=t
.gate ZERO  O=zero
.end
"""


def test_full_adder():
    assert Metrics.from_blif(FULL_ADDER) == Metrics(
        two_input_gates=5,
        inverters=2,
        flip_flops=0,
        levels=3,
        levels_with_inverters=5,
        weighted_gates=3 + 3 + 1 + 1 + 1,
        cells={"AND2": 2, "OR2": 1, "XOR2": 2, "INV": 2},
    )


def test_flip_flops_count_apart_and_weigh_six():
    metrics = Metrics.from_blif(FULL_ADDER, flip_flops=8)
    assert metrics.flip_flops == metrics.cells["DFF"] == 8
    assert metrics.two_input_gates == 5
    assert metrics.weighted_gates == 9 + 48


def test_wires_are_free():
    metrics = Metrics.from_blif(".model w\n.inputs a\n.outputs y\n.gate BUF a=a O=y\n.end\n")
    assert metrics == Metrics(0, 0, 0, 0, 0, 0, {})


@pytest.mark.parametrize("reverse", [False, True])
def test_levels_do_not_depend_on_order(reverse):
    chain = [f".gate NAND2 a=n{i} b=x{i} O=n{i + 1}" for i in range(50)]
    tree = [".gate XNOR2 a=p b=q O=r", ".gate XNOR2 a=r b=q O=s"]
    gates = [*chain, *tree]
    text = "\n".join([".model m", *(reversed(gates) if reverse else gates), ".end"])
    metrics = Metrics.from_blif(text)
    assert (metrics.levels, metrics.two_input_gates, metrics.weighted_gates) == (50, 52, 56)


def test_weights_of_the_paper():
    ones = dict.fromkeys(("AND2", "OR2", "NAND2", "NOR2"), 1)
    threes = dict.fromkeys(("XOR2", "XNOR2", "MUX2"), 3)
    assert {**ones, **threes, "DFF": 6, "INV": 0} == WEIGHTS


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (".names a b y", "The netlist is not mapped: '.names a b y'."),
        (".latch d q re clk 0", "The netlist is not mapped: '.latch d q re clk 0'."),
        (".gate AOI21 a=a b=b c=c O=y", "The netlist has cells without a weight: ['AOI21']."),
    ],
)
def test_what_cannot_be_counted(line, sentence):
    with pytest.raises(ValueError, match="netlist") as caught:
        Metrics.from_blif(f".model m\n{line}\n.end\n")
    assert str(caught.value) == sentence
