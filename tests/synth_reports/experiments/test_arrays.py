"""What matrix units cost: everything is counted, and once."""

import pytest

from fp8mac.gen.arrays.verilog import array_rtlil
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.arrays.arrays import jobs, measured
from fp8mac.synth_reports.experiments.arrays.text import markdown_text
from fp8mac.synth_reports.experiments.worker import Worker
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize


@pytest.mark.slow
def test_all_of_an_array_is_counted(tmp_path):
    worker = Worker(Store(tmp_path))
    record = measured(jobs(["e2m1 -> kulisch:0"], 3, 2)[0], worker)
    array = ArrayConfig(parse_line("e2m1 -> kulisch:0"), 3, 2)
    # Sums; operands of rows, on their way, and of columns; valid, begins, ends.
    sums, rows, columns, control = 6 * array.unit.acc_bits, 4 * (2 + 1), 4 * 2 * 2, 2 + 2 + 1 + 3
    assert record.flip_flops == sums + rows + columns + control
    flat = synthesize(array_rtlil(array), array.slug, Flow.load(), find_yosys())
    assert 1 <= record.two_input_gates / flat.metrics.two_input_gates < 1.1
    assert len(flat.flip_flops) == record.flip_flops
    assert record.area_ge_per_product == pytest.approx(record.area_ge / 6, abs=0.1)
    assert 1 < record.area_to_cores < 2
    assert record.area_to_units < record.area_to_cores
    assert measured(jobs(["e2m1 -> kulisch:0"], 3, 2)[0], worker) == record
    assert f"| e2m1 -> kulisch:0, 3 x 2 | {record.two_input_gates} |" in " ".join(
        markdown_text([record], "fp8mac arrays").split()
    )


@pytest.mark.slow
def test_a_sequencer_is_counted_beside_its_array(tmp_path):
    worker = Worker(Store(tmp_path))
    plain, blocks = (
        measured(jobs(["e2m1 -> kulisch:0"], 3, 2, block_sparse=size)[0], worker) for size in (0, 8)
    )
    # A place in a block; that an element waits, is zeros, is a tile's last.
    assert blocks.flip_flops == plain.flip_flops + 3 + 3
    assert 1 < blocks.two_input_gates / plain.two_input_gates < 1.3
    assert (plain.sparsity, blocks.sparsity) == ("", "blocks of 8")
    assert (blocks.products_per_cycle, blocks.dense_products_per_cycle) == (6, 24)
    assert blocks.area_ge_per_product == pytest.approx(blocks.area_ge / 6, abs=0.1)
    assert "| e2m1 -> kulisch:0, blocks of 8, 3 x 2 | " in " ".join(
        markdown_text([blocks], "fp8mac arrays").split()
    )


def test_what_has_no_circuit_is_refused_before_anything_is_measured():
    with pytest.raises(ConfigError) as error:
        jobs(["e4m3 -> fp16:sr"], 2, 2)
    assert str(error.value) == (
        "In an array nothing draws the random numbers of fp16:sr; choose another rounding than :sr."
    )
