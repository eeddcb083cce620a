"""Test vectors as text: every line is the golden model's, and the rare cases are in."""

from importlib.metadata import version

import pytest

from fp8mac.hw.config.accumulators import ConfigError
from fp8mac.hw.config.formats import FloatFormat
from fp8mac.hw.config.unit import MacConfig, parse_unit
from fp8mac.sim.check.vectors import product_lines, sequence_lines, vector_lines
from fp8mac.sim.exact import golden
from fp8mac.sim.exact.codecs import codec
from fp8mac.sim.exact.golden import State
from fp8mac.sim.exact.values import Kind

UNITS = [("e4m3", "e4m3", "fp16"), ("e5m2", "e4m3", "kulisch"), ("e4m3", "e4m3", "kulisch")]
UNITS += [("int8s", "int8", "int32"), ("e5m2", "e5m2", "e3m2"), ("int4", "e4m3", "bf16:rtz")]


def rows(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines if not line.startswith("#")]


def shown(config: MacConfig, state: State) -> list[str]:
    digits = -(-config.acc_bits // 4)
    acc = "x" * digits if state.acc is None else f"{state.acc:0{digits}x}"
    return [acc, *("01"[flag] for flag in state.flags)]


@pytest.mark.parametrize(("a", "b", "acc"), UNITS, ids=lambda part: part)
def test_steps_are_golden(a, b, acc):
    config = parse_unit(a, b, acc=acc)
    lines = list(vector_lines(config, 2_000, seed=1))
    cases = rows(lines)
    assert len(cases) == 2_000
    assert len({len(line) for line in lines[3:]}) == 1
    for first, second, before, *result in cases:
        codes = int(first, 16), int(second, 16), int(before, 16)
        assert result == shown(config, golden.mac(config, *codes))


@pytest.mark.parametrize(("a", "b", "acc"), UNITS, ids=lambda part: part)
def test_cycles_are_golden(a, b, acc):
    config = parse_unit(a, b, acc=acc)
    cases = rows(list(sequence_lines(config, 2_000, seed=1)))
    assert len(cases) == 2_000
    assert cases[0][0] == "1"
    state = golden.reset(config)
    specified = 0
    for rst, en, clear, first, second, *result in cases:
        controls = {"rst": rst == "1", "en": en == "1", "clear": clear == "1"}
        state = golden.step(config, state, int(first, 16), int(second, 16), **controls)
        assert result == shown(config, state)
        specified += state.acc is not None
    assert specified > 500
    for column in range(3):
        assert {case[column] for case in cases} == {"0", "1"}


def test_random_numbers_are_a_column():
    config = parse_unit("e4m3", acc="fp16:sr=5")
    lines = list(vector_lines(config, 500, seed=1))
    assert lines[2] == "# a b random acc want"
    drawn = set()
    for *codes, want in rows(lines):
        a, b, random, acc = (int(code, 16) for code in codes)
        drawn.add(random)
        assert want == shown(config, golden.mac(config, a, b, acc, random=random))[0]
    assert drawn == set(range(32))
    lines = list(sequence_lines(config, 500, seed=1))
    assert lines[2] == "# rst en clear a b random acc"
    state = golden.reset(config)
    for rst, en, clear, *codes, want in rows(lines):
        controls = {"rst": rst == "1", "en": en == "1", "clear": clear == "1"}
        a, b, random = (int(code, 16) for code in codes)
        state = golden.step(config, state, a, b, **controls, random=random)
        assert want == shown(config, state)[0]


def test_header():
    config = parse_unit("e5m2", "e4m3", acc="kulisch")
    title = "# mac_e5m2_e4m3_kulisch12: acc + a * b of e5m2 times e4m3 in kulisch:12"
    made = f"# fp8mac {version('fp8mac')}, "
    columns = "a b acc want pos_inf neg_inf"
    assert list(vector_lines(config, 5, seed=7))[:3] == [
        title,
        made + "5 cases, seed 7",
        "# " + columns,
    ]
    assert list(sequence_lines(config, 5, seed=7))[:3] == [
        title,
        made + "5 cycles, seed 7",
        "# rst en clear a b acc pos_inf neg_inf",
    ]
    lines = product_lines(config)
    assert [next(lines) for _ in range(3)] == [
        title,
        made + "all pairs of operands",
        "# " + columns,
    ]


@pytest.mark.parametrize("lines", [vector_lines, sequence_lines])
def test_equal_seeds_give_equal_lines(lines):
    config = parse_unit("e4m3", acc="fp16")
    once, again, other = (rows(list(lines(config, 500, seed=seed))) for seed in (3, 3, 4))
    assert once == again != other


def test_rare_cases_are_in():
    config = parse_unit("e5m2", acc="fp16")
    acc = config.accumulator.format
    decode = codec(acc).decode
    count = dict.fromkeys("tie cancels subnormal overflows nan inf".split(), 0)
    for a, b, before, want in rows(list(vector_lines(config, 10_000, seed=1))):
        x, y, c = (codec(config.a).decode(int(a, 16)), codec(config.b).decode(int(b, 16)), 0)
        c, result = decode(int(before, 16)), decode(int(want, 16))
        count["nan"] += result.kind is Kind.NAN
        count["inf"] += result.kind is Kind.INF
        if {x.kind, y.kind, c.kind} != {Kind.FINITE}:
            continue
        total = c.fraction + x.fraction * y.fraction
        count["overflows"] += result.kind is Kind.INF
        count["cancels"] += total == 0 != c.fraction
        count["subnormal"] += 0 < abs(total) < acc.min_normal
        count["tie"] += is_tie(acc, abs(total))
    assert all(number > 50 for number in count.values()), count


def is_tie(format_: FloatFormat, total) -> bool:
    """Whether a number lies in the middle of two codes."""
    ulp = format_.min_subnormal
    while total >= ulp * 2**format_.precision:
        ulp *= 2
    return total % ulp == ulp / 2


def test_all_products():
    config = parse_unit("e4m3", "e5m2", acc="fp16")
    cases = rows(list(product_lines(config)))
    assert len({(a, b) for a, b, _, _ in cases}) == len(cases) == 65_536
    assert {acc for _, _, acc, _ in cases} == {"0000"}
    for a, b, _, want in cases[::7]:
        assert int(want, 16) == golden.mac(config, int(a, 16), int(b, 16), 0).acc


def test_excluded_code_is_not_in():
    cases = rows(list(product_lines(parse_unit("int4s", acc="int16"))))
    assert len(cases) == 15 * 15
    assert "8" not in {operand for case in cases for operand in case[:2]}


def test_refusals():
    with pytest.raises(ConfigError) as error:
        product_lines(parse_unit("fp16", acc="fp32"))
    assert str(error.value) == (
        "All pairs of operands of mac_fp16_fp16_fp32 are 2**32 cases, too many."
    )
