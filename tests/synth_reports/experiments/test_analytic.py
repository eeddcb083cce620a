"""The closed form against the published bars, typed in here."""

import pytest

from fp8mac.hw.config.accumulators import ConfigError, parse_accumulator
from fp8mac.hw.config.formats import parse_format
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.experiments.figure3 import analytic
from fp8mac.synth_reports.experiments.figure3.analytic import Cost, model_cost, product_flip_flops

FORMATS = ("int8", "e2m5fnuz", "e3m4fnuz", "e4m3fnuz", "e5m2fnuz")

#: Gates of arXiv:2303.17951, Figure 3, within 6.
BARS = {
    "kulisch": (721.2, 874.0, 898.5, 1069.6, 1509.8),
    "fp16": (1399.7, 1277.5, 1185.8, 1112.4, 1051.3),
    "fp32": (2335.0, 2212.8, 2121.1, 2047.7, 1986.6),
}


def cost(format_: str, acc: str) -> Cost:
    return model_cost(parse_format(format_), parse_accumulator(acc))


def deviations(acc: str) -> list[float]:
    return [
        cost(format_, acc).total / bar - 1 for format_, bar in zip(FORMATS, BARS[acc], strict=True)
    ]


def test_fixed_point_by_hand():
    assert cost("int8", "kulisch") == Cost(428, 101, 198)
    assert cost("e2m5fnuz", "kulisch") == Cost(329, 326, 210)
    assert cost("e3m4fnuz", "kulisch") == Cost(243, 403, 246)
    assert cost("e4m3fnuz", "kulisch") == Cost(173, 556, 330)
    assert cost("e5m2fnuz", "kulisch") == Cost(119, 873, 510)


@pytest.mark.parametrize("acc", BARS)
def test_totals_are_near_the_published_bars(acc):
    assert all(-0.011 < each < 0.009 for each in deviations(acc))


@pytest.mark.parametrize("name", ["_AND", "_MUX", "_HALF_ADDER", "_FULL_ADDER", "_FLIP_FLOP"])
@pytest.mark.parametrize("step", [-1, 1])
def test_a_wrong_price_is_noticed(monkeypatch, name, step):
    monkeypatch.setattr(analytic, name, getattr(analytic, name) + step)
    assert any(abs(each) > 0.015 for each in deviations("kulisch"))


@pytest.mark.parametrize("guard", ["kulisch:8", "kulisch:16"])
def test_a_wrong_headroom_is_noticed(guard):
    assert any(
        abs(cost(format_, guard).total / bar - 1) > 0.015
        for format_, bar in zip(FORMATS, BARS["kulisch"], strict=True)
    )


def test_float_branch_by_hand():
    sort, align, add = 2 * 38 + 18 + 72, 13 * 4 * 3 + 12, 36 + 101
    normalise = 47 + (15 * 4 * 3 - 14 * 2) + 38 + 36 + 96
    assert cost("e4m3fnuz", "fp16") == Cost(180, 6 * 14 + sort + align + add, normalise)


@pytest.mark.parametrize(("bits", "gates"), [(1, 0), (2, 1), (4, 6), (8, 19), (16, 48), (32, 109)])
def test_leading_zero_counter(bits, gates):
    assert analytic._leading_zero_counter(bits) == gates


def test_product_register():
    kulisch, fp16 = parse_accumulator("kulisch"), parse_accumulator("fp16")
    bits = [product_flip_flops(parse_format(format_), kulisch) for format_ in FORMATS]
    assert bits == [0, 16, 15, 14, 13]
    bits = [product_flip_flops(parse_format(format_), fp16) for format_ in FORMATS]
    assert bits == [18, 16, 15, 14, 13]


def test_special_values_shorten_the_fixed_point():
    unit = parse_unit("e5m2", acc="kulisch")
    ieee, finite = cost("e5m2", "kulisch"), cost("e5m2fnuz", "kulisch")
    assert ieee.normalise_accumulate == 6 * unit.acc_bits + 3 * 12
    assert finite.normalise_accumulate - ieee.normalise_accumulate == 6 * 2


def test_integer_accumulator_is_headroom():
    assert cost("int8", "int27") == cost("int8", "kulisch")
    with pytest.raises(ConfigError, match=r"^int14 is narrower than a product of int8\.$"):
        cost("int8", "int14")


def test_options_have_no_price():
    with pytest.raises(ConfigError) as error:
        cost("e4m3", "fp16:rtz")
    assert str(error.value) == "The closed form has no price for the options of fp16:rtz."
