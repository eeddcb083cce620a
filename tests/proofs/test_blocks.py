# amaranth: UnusedElaboratable=no
"""Sums that leave in blocks, proved: scale and elements, for all sums; planted bugs."""

from dataclasses import replace

import pytest

from fp8mac.hw.area.block import ToBlock
from fp8mac.hw.config.blocks import BlockFormat, SharedScale
from fp8mac.hw.config.outputs.blocks import BlockOutput, parse_row_output
from fp8mac.proofs.block_bugs import BLOCK_BUGS
from fp8mac.proofs.blocks import block_queries
from fp8mac.proofs.check.decide import decide, to_bit_vectors


def blocks_of(text: str, size: int) -> BlockOutput:
    """The output, but in blocks of so many."""
    found = parse_row_output(text)
    assert isinstance(found, BlockOutput)
    short = SharedScale(size, found.format.block.scale)
    return replace(found, format=BlockFormat(found.format.name, found.format.element, short))


def verdicts(circuit: ToBlock, *asked: str, translated: bool = False) -> dict[str, str]:
    """Answers to whether scale and elements are wrong; to all, or to some."""
    texts = {
        name: to_bit_vectors(query.text) if translated else query.text
        for name, query in block_queries(circuit)
        if not asked or name in asked
    }
    return {name: decide(text, [])[0] for name, text in texts.items()}


@pytest.mark.parametrize(
    ("text", "width", "lsb", "translated"),
    [
        ("mxfp8e4m3", 8, -8, False),
        ("mxfp8e5m2:up", 4, 139, False),  # scales end in the midst of its numbers, at either end
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                ("mxfp8e4m3", 8, -8, True),  # from floats to bit-vectors by z3
                ("mxfp4:up", 10, -8, False),
                ("mxint8", 10, 0, False),
                ("mxfp6e2m3", 6, -131, False),
            )
        ),
    ],
)
def test_blocks_are_right_for_all_sums(text, width, lsb, translated):
    circuit = ToBlock(width, lsb, blocks_of(text, 2))
    found = verdicts(circuit, translated=translated)
    assert found == dict.fromkeys(("scale", "element 0", "element 1"), "unsat")


@pytest.mark.slow
def test_a_whole_block_is_right_at_full_width():
    """Of sums of e4m3 -> kulisch:12; all elements have the same circuit."""
    names = ("scale", "element 31")
    found = verdicts(ToBlock(49, -18, blocks_of("mxfp8", 32)), *names)
    assert found == dict.fromkeys(names, "unsat")


@pytest.mark.parametrize("bug", BLOCK_BUGS, ids=lambda bug: bug.name)
def test_planted_bug_is_refuted(bug):
    found = verdicts(bug.plant(8, bug.lsb_exponent, blocks_of(bug.output, 2)))
    assert "sat" in [verdict for name, verdict in found.items() if name.startswith(bug.claim)]
