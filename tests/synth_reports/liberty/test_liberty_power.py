"""Leakage and internal energy by hand, and against a count of all states one by one."""

from itertools import product
from random import Random

import pytest

from fp8mac.synth_reports.liberty.cells import Cell, make_cells
from fp8mac.synth_reports.liberty.functions import parse_function
from fp8mac.synth_reports.liberty.power import internal_energy, leakage
from fp8mac.synth_reports.liberty.reader import File, LibertyError
from fp8mac.synth_reports.liberty.units import SAME

HEAD = """library (x) {{ voltage_map (VDD, 0.7); voltage_map (VSS, 0); {library}
cell (c) {{ area : 1; {cell} pin (A) {{ direction : input; }} pin (B) {{ direction : input; }}
pin (C) {{ direction : input; {clock} }}
pin (Y) {{ direction : output; function : "{function}"; {output} }} }} }}"""


def cell(**parts: str) -> Cell:
    usual = {"library": "", "cell": "", "clock": "", "output": "", "function": "A & B"}
    text = HEAD.format(**{**usual, **parts})
    return next(make_cells(File(text, "x.lib").library, SAME))


def leaks(value: float, **attributes: str) -> str:
    more = "".join(f'{name} : "{text}"; ' for name, text in attributes.items())
    return f"leakage_power () {{ value : {value}; {more}}} "


RAILS = """pg_pin (VDD) { pg_type : primary_power; } pg_pin (VBB) { pg_type : nwell; }
pg_pin (VRET) { pg_type : backup_power; } pg_pin (VSS) { pg_type : primary_ground; } """


@pytest.mark.parametrize(
    ("stated", "want"),
    [
        ("", None),
        ("cell_leakage_power : 6;", 6),
        (leaks(8), 8),
        (leaks(8) + "cell_leakage_power : 6;", 8),
        (leaks(8, when="A") + leaks(4, when="!A"), 6),
        (leaks(8, when="A & B") + leaks(4, when="!(A & B)"), 5),
        (leaks(8, when="A & B") + leaks(4, when="Y'"), 5),  # the output is a function
        (leaks(8, when="A & B"), 8),  # nothing is said of the other states
        (leaks(8, when="A & B") + "cell_leakage_power : 4;", 5),
        (leaks(8, when="A & B") + leaks(4), 5),
        (leaks(8, when="A & B") + leaks(4) + "cell_leakage_power : 99;", 5),
        (leaks(8, related_pg_pin="VDD") + leaks(2, related_pg_pin="VSS"), 8),
        (RAILS + leaks(8, related_pg_pin="VDD") + leaks(2, related_pg_pin="VSS"), 8),
        (RAILS + leaks(8, related_pg_pin="VDD") + leaks(2, related_pg_pin="VRET"), 10),
        (RAILS + leaks(8, related_pg_pin="VDD") + leaks(2, related_pg_pin="VBB"), 8),
        (leaks(8, related_pg_pin="VDD") + leaks(2, related_pg_pin="VX"), 10),  # declared nowhere
        (
            leaks(8, related_pg_pin="VDD", when="A")
            + leaks(4, related_pg_pin="VDD", when="!A")
            + leaks(8, related_pg_pin="VSS", when="A")
            + leaks(0, related_pg_pin="VSS", when="!A"),
            6,
        ),
        ("ff (IQ, IQN) { } " + leaks(8, when="IQ & C") + leaks(4, when="IQN & C"), 6),
        ("ff (IQ, IQN) { } " + leaks(8, when="IQ & IQN") + "cell_leakage_power : 4;", 4),
        (leaks(8, when="Z & A") + "cell_leakage_power : 4;", 5),  # Z may be anything
    ],
)
def test_leakage(stated, want):
    assert leakage(cell(cell=stated)) == want


def test_leakage_that_all_cells_have():
    assert leakage(cell(library="default_cell_leakage_power : 3;")) == 3
    assert leakage(cell(library="default_cell_leakage_power : 0;")) is None  # nobody measured


def power(*, rise: float | None = None, fall: float | None = None, **attributes: str) -> str:
    more = "".join(f'{name} : "{text}"; ' for name, text in attributes.items())
    edges = (("rise_power", rise), ("fall_power", fall))
    for edge, energy in edges:
        if energy is not None:
            more += f'{edge} (scalar) {{ values ("{energy}"); }} '
    return f"internal_power () {{ {more}}} "


def both(energy: float, **attributes: str) -> str:
    return power(rise=energy, fall=energy, **attributes)


@pytest.mark.parametrize(
    ("stated", "want"),
    [
        ("", None),
        ("internal_power () { }", None),
        (power(rise=1, fall=3), 2),
        ('internal_power () { power (scalar) { values ("5"); } }', 5),
        (power(rise=1), 0.5),  # nothing is taken by the other edge
        (power(rise=1) + power(fall=3), 2),
        (power(rise=1, fall=3, related_pin="A") + power(rise=5, fall=7, related_pin="B"), 4),
        (both(1, related_pg_pin="VDD") + both(2, related_pg_pin="VSS"), 3),
        (both(1, related_pin="A B", related_pg_pin="VDD") + both(2, related_pg_pin="VSS"), 3),
        # A makes Y toggle where B is 1: in half of those states C is 1
        (both(1, related_pin="A", when="C") + both(5, related_pin="A", when="!C"), 3),
        (both(1, related_pin="A", when="B") + both(5, related_pin="A", when="!B"), 1),
        (both(1, related_pin="A", when="C & B") + both(5, related_pin="A"), 3),
        (both(1, related_pin="A", when="!B"), 1),  # never, but that is all that is stated
    ],
)
def test_energy_of_an_and(stated, want):
    arcs = internal_energy(cell(output=stated), "Y")
    assert (sum(weight * table.at(0, 0) for weight, table in arcs) if arcs else None) == want


def test_pins_count_as_often_as_they_make_the_output_toggle():
    """Of A & B | C: A where B and not C, 1 of 4; C where not A & B, 3 of 4."""
    stated = both(8, related_pin="A") + both(16, related_pin="B") + both(24, related_pin="C")
    arcs = internal_energy(cell(output=stated, function="A & B | C"), "Y")
    assert sum(weight * table.at(0, 0) for weight, table in arcs) == (8 + 16 + 3 * 24) / 5


def test_energy_of_a_clock():
    """Toggles of an input: in any state."""
    stated = both(4, when="A & B") + both(8, when="!A") + both(1, related_pg_pin="VSS")
    arcs = internal_energy(cell(clock=stated), "C")
    got = sum(weight * table.at(0, 0) for weight, table in arcs)
    assert got == pytest.approx((4 * 1 + 8 * 2) / 3 + 1, rel=1e-12)


def expression(random: Random, depth: int = 3) -> str:
    if not depth or random.random() < 0.2:
        return random.choice("ABC")
    if random.random() < 0.3:
        return f"!({expression(random, depth - 1)})"
    sign = random.choice("&|^")
    return f"({expression(random, depth - 1)} {sign} {expression(random, depth - 1)})"


def test_random_cells_state_by_state():
    random, checked = Random(1), 0
    for _ in range(150):
        function, when, pin = expression(random), expression(random), random.choice("ABC")
        covered = sensitive = named = 0
        for bits in product((0, 1), repeat=3):
            state = dict(zip("ABC", bits, strict=True))
            holds = parse_function(when)(state)
            other = {**state, pin: 1 - state[pin]}
            toggles = parse_function(function)(state) != parse_function(function)(other)
            covered, sensitive = covered + holds, sensitive + toggles
            named += toggles and holds
        stated = leaks(16, when=when) + "cell_leakage_power : 8;"
        powers = both(16, related_pin=pin, when=when) + both(8, related_pin=pin)
        found = cell(cell=stated, output=powers, function=function)
        assert leakage(found) == 8 + covered
        if sensitive:
            want = (16 * named + 8 * (sensitive - named)) / sensitive
            got = sum(weight * table.at(0, 0) for weight, table in internal_energy(found, "Y"))
            assert got == pytest.approx(want, rel=1e-12)
            checked += 1
    assert checked > 80


def test_conditions_that_are_none():
    broken = cell(cell="\n\n" + leaks(1, when="A &"))
    with pytest.raises(LibertyError) as caught:
        leakage(broken)
    assert str(caught.value) == "'x.lib', line 4: in c, 'A &' is not a logic function."
    names = " & ".join(f"N{number}" for number in range(20))
    with pytest.raises(LibertyError) as caught:
        leakage(cell(cell=leaks(1, when=names)))
    assert str(caught.value) == "'x.lib', line 2: states of c have 20 pins, above 18."
