"""The one reader of netlists, and the one table of gates."""

import numpy as np
import pytest

from fp8mac.sim.check.blif import GATES, BlifGate, BlifTable, read_blif

TEXT = """\
# written by nobody
.model m
.inputs a[0] a[1] \\
 en
.outputs y one
.default_input_arrival 0 0
.gate NAND2 a=a[0] b=en O=n1
.gate INV   a=n1 O=y
.names one
1
.names a[1] z

1 1
.latch d q re clk 0
.subckt part x=y
.end
"""


def test_everything_that_a_text_says():
    found = read_blif(TEXT)
    assert (found.inputs, found.outputs) == (("a[0]", "a[1]", "en"), ("y", "one"))
    assert found.gates == (
        BlifGate("NAND2", {"a": "a[0]", "b": "en", "O": "n1"}),
        BlifGate("INV", {"a": "n1", "O": "y"}),
    )
    assert [(gate.inputs, gate.output) for gate in found.gates] == [
        (("a[0]", "en"), "n1"),
        (("n1",), "y"),
    ]
    assert found.tables == (BlifTable((), "one", ("1",)), BlifTable(("a[1]",), "z", ("1 1",)))
    assert found.others == (".latch d q re clk 0", ".subckt part x=y")


def test_a_table_at_the_end_and_one_without_rows():
    found = read_blif(".model m\n.names zero\n.names a y\n1 1")
    assert found.tables == (BlifTable((), "zero", ()), BlifTable(("a",), "y", ("1 1",)))


TRUTHS = {
    "INV": "10",
    "BUF": "01",
    "AND2": "0001",
    "OR2": "0111",
    "NAND2": "1110",
    "NOR2": "1000",
    "XOR2": "0110",
    "XNOR2": "1001",
}


@pytest.mark.parametrize("name", GATES)
def test_truth_tables(name):
    kind, truth = GATES[name], TRUTHS[name]
    count = len(truth) // 2
    values = [np.array([0, 1], np.uint64)] if count == 1 else np.array([[0, 0, 1, 1], [0, 1] * 2])
    found = kind(*values) & values[0].dtype.type(1)
    assert "".join(map(str, found)) == truth
    names = dict(zip("ab", values, strict=False))
    text = kind.expression(*names)
    assert np.array_equal(eval(text, {}, names) & 1, found)
    assert len(TRUTHS) == len(GATES)
