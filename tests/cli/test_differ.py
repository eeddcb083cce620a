"""The command differ: what it prints, and its sentences."""

import json

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app


def invoke(*words: str):
    return CliRunner().invoke(app, ["differ", *words])


def fails(*words: str) -> str:
    result = invoke(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


def test_two_units():
    assert (
        invoke("h100-fp8-e4m3", "mi300-fp8").stdout
        == """\
2 of 2 products, the others zero:
  a[0] * b[0] = 0.001953125 * 0.001953125   (codes 01 * 01 and 02 * 02)
  a[1] * b[1] = 0.001953125 * 4.0   (codes 01 * 48 and 02 * 50)
  h100-fp8-e4m3  0.0078125
  mi300-fp8      0.007816314697265625
  exact          0.007816314697265625
"""
    )
    facts = json.loads(invoke("h100-fp8-e4m3", "mi300-fp8", "--json").stdout)
    assert facts["difference"] == {
        "places": [0, 1],
        "a": [2.0**-9, 2.0**-9],
        "b": [2.0**-9, 4.0],
        "codes": [[1, 1], [1, 0x48], [2, 2], [2, 0x50]],
        "sums": ["0.0078125", "0.007816314697265625"],
        "exact": "0.007816314697265625",
    }
    assert facts["command"] == "fp8mac differ h100-fp8-e4m3 mi300-fp8"


@pytest.mark.slow
def test_units_that_agree():
    words = "e2m1 x 2 -> fp32", "e2m1 x 2 -> fp32, window 24"
    said = f"{words[0]} and {words[1]} agree on all sums of one product and of two.\n"
    assert invoke(*words).stdout == said
    assert json.loads(invoke(*words, "--json").stdout)["difference"] is None


def test_special_sums():
    said = invoke("e5m2 -> fp16", "e5m2 -> fp16:saturate").stdout
    assert said.splitlines()[2:] == [
        "  e5m2 -> fp16           inf",
        "  e5m2 -> fp16:saturate  65504",
        "  exact                  71680",
    ]


@pytest.mark.slow
def test_monotone():
    assert (
        invoke("h100-fp8-e4m3", "--monotone").stdout
        == """\
e4m3 x 32 -> e8m13:rtz:inf:plus0, window 14, one step
  monotone in a factor of a product: A product that comes to have the largest \
exponent E grows by at least 2**(E - 7); 33 cuts take less than 2**(E - 13) each.
  not monotone in the accumulator: with 3 products 0.001953125 * 0.001953125,
    c = 0.062496185302734375 gives 0.06250762939453125, 0.0625 gives 0.0625
"""
    )
    facts = json.loads(invoke("fdot-fp8", "--monotone", "--json").stdout)
    assert (list(facts["monotone"]), facts["not_monotone"]) == (["a", "c"], [])


def test_sentences():
    assert fails("h100-fp8") == "Name the unit that it is compared with, or --monotone.\n"
    assert fails("h100-fp8", "ada-fp8", "--monotone") == (
        "--monotone is about one unit; two were named.\n"
    )
    assert fails("h100-fp8", "h100-fp16") == (
        "All operands of at most 8 bits are tried; fp16 has 16.\n"
    )
