"""Texts of the tables, whole."""

import io
import re

import pytest

from fp8mac.hw.config.formats import NAMED_FORMATS, parse_format
from fp8mac.synth_reports.render.tables import format_facts, formats_table, show


def text_of(table) -> list[str]:
    """Lines of a printed table, without blanks at their ends."""
    stream = io.StringIO()
    show(table, stream)
    return [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]


def test_formats_table():
    formats = [parse_format(name) for name in ("e4m3", "e5m2fnuz", "fp32", "e5m3b20", "int8s")]
    titles, ruler, *rows = text_of(formats_table(formats))
    assert re.split("  +", titles.strip()) == [
        *("format", "bits", "exp / mant", "bias", "max", "min normal", "min subn."),
        *("specials", "prec.", "product bits", "Kulisch bits"),
    ]
    assert set(ruler) == {" ", "─"}
    assert [row.split() for row in rows] == [
        ["e4m3", "8", "4/3", "7", "448", "2^-6", "2^-9", "fn", "4", "37", "49"],
        ["e5m2fnuz", "8", "5/2", "16", "57344", "2^-15", "2^-17", "fnuz", "3", "67", "79"],
        [
            "fp32",
            "32",
            "8/23",
            "127",
            "3.4e+38",
            "2^-126",
            "2^-149",
            "ieee",
            "24",
            "555",
            "567",
        ],
        ["e5m3b20", "9", "5/3", "20", "1920", "2^-19", "2^-22", "ieee", "4", "67", "79"],
        ["int8s", "8", "-", "-", "127", "-", "-", "-", "-", "15", "27"],
    ]


def test_format_facts():
    assert format_facts(parse_format("e5m2")) == {
        "name": "e5m2",
        "bits": 8,
        "exponent_bits": 5,
        "mantissa_bits": 2,
        "bias": 15,
        "max": 57344.0,
        "min_normal": 2.0**-14,
        "min_subnormal": 2.0**-16,
        "specials": "ieee",
        "precision_bits": 3,
        "product_bits": 65,
        "kulisch_bits": 77,
    }
    integer = format_facts(parse_format("int8"))
    missing = ("exponent_bits", "mantissa_bits", "bias", "min_normal", "min_subnormal", "specials")
    assert all(integer[key] is None for key in (*missing, "precision_bits"))
    assert (integer["max"], integer["product_bits"], integer["kulisch_bits"]) == (127.0, 16, 28)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def printed(table, stream) -> list[str]:
    show(table, stream)
    return stream.getvalue().splitlines()


def test_files_are_as_wide_as_the_table(monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    lines = [line for line in printed(formats_table([parse_format("e4m3")]), io.StringIO()) if line]
    assert len(lines) == 3
    assert "…" not in "".join(lines)


@pytest.mark.parametrize("columns", [40, 79, 80, 100, 200])
def test_terminals_cut_nothing(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    formats = list(NAMED_FORMATS.values())
    lines = printed(formats_table(formats), Terminal())
    wide = printed(formats_table(formats), io.StringIO())
    assert max(map(len, lines)) <= columns
    assert not [line for line in [*lines, *wide] if line != line.rstrip()]
    assert "\x1b" not in "".join([*lines, *wide])
    letters = sorted("".join("".join(lines).split()).replace("─", ""))
    assert letters == sorted("".join("".join(wide).split()).replace("─", ""))
    if columns >= 80:  # one line a format
        assert len(lines) <= len(wide) + 1
