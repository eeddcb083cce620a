"""What registers in segments cost, as docs/cost.md has it."""

import re
from pathlib import Path

import pytest

from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.cost.bench import make_bench
from fp8mac.synth_reports.cost.measure import Design
from fp8mac.synth_reports.cost.physical import facts_of
from fp8mac.synth_reports.cost.report import library_report
from fp8mac.synth_reports.liberty.library import own_library

PAGE = Path(__file__).parents[3] / "docs" / "cost.md"
ROW = re.compile(r"^(\w+) (\S+) +(area|speed) +(\d+) +([\d.]+)$", re.M)


@pytest.mark.slow
def test_page_has_what_is_measured():
    text = PAGE.read_text(encoding="utf-8")
    _, _, section = text.partition("### Registers in segments\n")
    rows = ROW.findall(section.partition("\n#")[0])
    own = own_library()
    bench = make_bench({own.name: own})
    designs = {
        (config, Goal(goal), library): Design(config, Shape.CORE, Goal(goal), library)
        for format_, acc, goal, *_ in rows
        for config in [parse_unit(format_, acc=acc)]
        for library in (None, own.name)
    }
    found = bench.measure(list(designs.values()))
    facts = facts_of(own, bench.store)
    measured = []
    for format_, acc, goal, *_ in rows:
        gates, cells = (
            found[designs[parse_unit(format_, acc=acc), Goal(goal), library]]
            for library in (None, own.name)
        )
        fo4 = library_report(cells, facts)["delay_fo4"]
        measured.append((str(gates.metrics.two_input_gates), f"{fo4:.1f}"))
    assert [tuple(row[3:]) for row in rows] == measured
    assert len(rows) == 12
