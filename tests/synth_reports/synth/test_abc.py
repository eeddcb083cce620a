"""Flip-flops as ports."""

from fp8mac.synth_reports.synth.abc import cut_flip_flops

BLIF = """\
.model m
.inputs d e
.outputs acc[0] acc[1] out
.latch d acc[0] re clk 2
.latch e inner.sign re clk 2
.latch e held re clk 2
.names inner.sign out
1 1
.names inner.sign acc[1]
1 1
.end
"""


def test_flip_flops_are_ports_and_have_the_names_of_outputs():
    text, names = cut_flip_flops(BLIF)
    assert names == ("acc[0]", "acc[1]", "held")
    assert (
        text
        == """\
.model m
.inputs d e ff_q[0] ff_q[1] ff_q[2]
.outputs acc[0] acc[1] out ff_d[0] ff_d[1] ff_d[2]
.names ff_q[0] acc[0]
1 1
.names d ff_d[0]
1 1
.names ff_q[1] inner.sign
1 1
.names e ff_d[1]
1 1
.names ff_q[2] held
1 1
.names e ff_d[2]
1 1
.names inner.sign out
1 1
.names inner.sign acc[1]
1 1
.end
"""
    )
