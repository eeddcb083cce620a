"""Bits that are searched: the fewest are found, wherever they are, and asked for seldom."""

from dataclasses import replace

import pytest
import toy_sweep
from rich.console import Console

from fp8mac.hw.config.unit import parse_line
from fp8mac.sim.networks.data import fetch
from fp8mac.synth_reports.experiments.sweep.accuracy import AccuracyJob
from fp8mac.synth_reports.experiments.sweep.front import Row
from fp8mac.synth_reports.experiments.sweep.needed.families import families_of, rest_of
from fp8mac.synth_reports.experiments.sweep.needed.hunt import Hunt
from fp8mac.synth_reports.experiments.sweep.needed.text import found_facts, found_tables
from fp8mac.synth_reports.experiments.sweep.needed.whole import go_through
from fp8mac.synth_reports.experiments.sweep.spec import Spec, SpecError
from fp8mac.synth_reports.store.points.points import PointStore
from fp8mac.synth_reports.store.schedule import Here

SPEC = Spec(
    formats=("e3m4",),
    accumulators=("kulisch", "e6m*", "fp16"),
    networks=("digits_mlp",),
    search=1.0,
)


def hunted(low, high, guess, fewest):
    """Bits that a hunt finds, and what it asked for."""
    hunt, asked = Hunt(low, high, guess), []
    while (bits := hunt.next()) is not None:
        assert bits not in asked
        assert low <= bits <= high
        asked.append(bits)
        hunt.answers[bits] = bits >= fewest
    return hunt.found, asked


def test_a_hunt_finds_the_fewest_bits():
    count, most = 0, 0
    for low, high in ((0, 0), (0, 1), (1, 23), (0, 40)):
        for guess in range(low - 1, high + 2):
            for fewest in range(low, high + 2):
                found, asked = hunted(low, high, guess, fewest)
                assert found == (None if fewest > high else fewest)
                most = max(most, len(asked))
                count += 1
    assert count == 3 * 2 + 4 * 3 + 25 * 24 + 43 * 42
    assert most <= 12


def test_a_good_guess_is_worth_it():
    assert hunted(0, 40, 9, 9) == (9, [9, 8])
    assert hunted(0, 40, 9, 8) == (8, [9, 8, 7])
    assert hunted(0, 40, 9, 10) == (10, [9, 40, 10])
    assert hunted(0, 40, 9, 99) == (None, [9, 40])


def test_a_hunt_that_answers_contradict_ends():
    """Noise may let 5 bits pass and refuse 7: what passed next to a refused one counts."""
    hunt = Hunt(0, 20, 7)
    answers = {7: False, 20: True, 8: True, 5: True}
    while (bits := hunt.next()) is not None:
        hunt.answers[bits] = answers[bits]
    assert hunt.found == 8


def test_families_begin_where_layers_are():
    refused = {}
    accs = ("kulisch", "e6m*", "fp32")
    spec = replace(SPEC, formats=("e3m4", "int8"), accumulators=accs, lanes=(1, 4))
    found = {each.line: each for each in families_of(spec, refused)}
    assert list(found) == [
        "e3m4 -> kulisch:{}",
        "e3m4 -> e6m{}",
        "int8 -> kulisch:{}",
        "int8 -> e6m{}",
        "e3m4 x 4 -> kulisch:{}",
        "e3m4 x 4 -> e6m{}",
        "e3m4 x 4 -> fp32, window {}",
        "int8 x 4 -> kulisch:{}",
        "int8 x 4 -> e6m{}",
    ]
    assert list(refused) == ["int8 x 4 -> fp32, window *"]
    exact, rounded = found["e3m4 -> kulisch:{}"], found["e3m4 -> e6m{}"]
    window = found["e3m4 x 4 -> fp32, window {}"]
    assert (exact.low, exact.certified, exact.guess <= exact.high) == (0, True, True)
    assert (rounded.guess, rounded.layer, rounded.high) == (8, "hidden", 23)  # 5 + log2(64) / 2
    assert (window.guess, window.certified) == (7, True)  # 16 steps
    assert exact.network == "digits_mlp"


def test_what_no_bits_are_left_open_of_is_swept():
    assert rest_of(replace(SPEC, search=None)) == [replace(SPEC, search=None)]
    (rest,) = rest_of(replace(SPEC, lanes=(1, 4)))
    assert (rest.accumulators, rest.lanes, rest.search) == (("fp16",), (1,), None)
    units = rest_of(replace(SPEC, accumulators=("kulisch",), units=("e4m3 -> fp16",)))
    assert [(each.units, each.formats) for each in units] == [(("e4m3 -> fp16",), ())]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"networks": ()}, "A search needs a network: name one with --networks."),
        ({"guard_bits": (4,)}, "Guard bits and windows are searched; leave their lists out."),
        ({"windows": (4,)}, "Guard bits and windows are searched; leave their lists out."),
    ],
)
def test_what_cannot_be_searched(more, sentence):
    with pytest.raises(SpecError) as error:
        list(families_of(replace(SPEC, **more), {}))
    assert str(error.value) == sentence


def test_search_of_planted_losses(tmp_path, monkeypatch):
    """Three guard bits and five mantissa bits are planted."""
    guards = {f"e3m4 -> kulisch:{bits}": 0.0 if bits >= 3 else 0.4 for bits in range(21)}
    floats = {f"e3m4 -> e6m{bits}": 0.0 if bits >= 5 else 0.1 for bits in range(1, 24)}
    floats["e3m4 -> e6m4"] = 0.009  # within the limit, but not surely
    monkeypatch.setattr(toy_sweep, "LOSSES", {**guards, **floats, "e3m4 -> fp16": 0.0})
    monkeypatch.setattr(toy_sweep, "BROKEN", "")
    store = tmp_path / "points.sqlite"
    went = toy_sweep.toy_search(store, SPEC)
    assert [(each.bits, each.row["unit"], each.refused["unit"]) for each in went.found] == [
        (3, "e3m4 -> kulisch:3", "e3m4 -> kulisch:2"),
        (5, "e3m4 -> e6m5", "e3m4 -> e6m4"),
    ]
    asked = sum(each.asked for each in went.found)
    assert asked <= 9
    assert len(went.points) == went.summary.points == asked + 1  # fp16 is swept as ever
    assert {row["id"] for row in PointStore(store).rows()} == {point.id for point in went.points}
    again = toy_sweep.toy_search(store, SPEC)
    assert (again.summary.done, [each.bits for each in again.found]) == (0, [3, 5])


def test_no_bits_are_enough(tmp_path, monkeypatch):
    monkeypatch.setattr(toy_sweep, "number_of", lambda unit: 30)  # everything loses three points
    spec = replace(SPEC, accumulators=("kulisch", "e6m*"))
    went = toy_sweep.toy_search(tmp_path / "points.sqlite", spec)
    for each in went.found:
        assert (each.bits, each.refused) == (None, None)
        assert each.row["loss"] == pytest.approx(0.03, abs=0.005)
        assert each.asked <= 2
    text = shown(went.found)
    assert "digits_mlp, e3m4 -> e6m*" in text
    assert text.count("none") == 2


def shown(found):
    console = Console(width=200)
    with console.capture() as capture:
        console.print(*found_tables(found))
    return capture.get()


def test_what_cannot_be_measured_ends_its_search(tmp_path, monkeypatch):
    def failing(job, worker):
        raise ValueError("no")

    monkeypatch.setattr(toy_sweep.ToyAccuracy, "run", failing)
    went = toy_sweep.toy_search(tmp_path / "points.sqlite", SPEC)
    assert [(each.bits, each.row, each.asked) for each in went.found] == [(None, None, 0)] * 2
    assert len(went.summary.failed) == 3
    assert "not measured" in shown(went.found)
    assert found_facts(went.found)[0] == {
        "network": "digits_mlp",
        "units": "e3m4 -> kulisch:*",
        "kind": "guard",
        "bits": None,
        "most_bits": went.found[0].family.high,
        "certified": True,
        "guess": went.found[0].family.guess,
        "layer": went.found[0].family.layer,
        "asked": 0,
        "point": None,
        "refused": None,
    }


def test_the_search_is_right_on_a_network(tmp_path):
    """Every number of guard bits is run; one less than is found loses, and all above do not."""
    spec = replace(SPEC, accumulators=("kulisch",), questions=200, search=5.0)
    store = PointStore(tmp_path / "points.sqlite")
    kinds = replace(toy_sweep.KINDS, accuracy=AccuracyJob)
    with Here() as who:
        (found,) = go_through([spec], store, who, kinds=kinds).found
        assert found.bits is not None
        lines = tuple(f"e3m4 -> kulisch:{bits}" for bits in range(found.family.high + 1))
        whole = Spec(units=lines, networks=spec.networks, questions=200)
        go_through([whole], store, who, kinds=kinds)
    rows: dict[str, Row] = {row["unit"]: row for row in store.rows()}
    fits = [rows[line]["loss_high"] <= 0.05 for line in lines]
    assert fits == [bits >= found.bits for bits in range(len(lines))]
    assert 0 < found.bits < found.family.high
    assert parse_line(lines[-1]).accumulator.name == f"kulisch:{found.family.high}"


def test_optional_networks_are_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "_folder", lambda: tmp_path, raising=False)
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path / "cache"))
    spec = Spec(
        formats=("e2m1",), accumulators=("fp16",), networks=("digits_mlp", "g2p"), optional=True
    )
    went = toy_sweep.toy_search(tmp_path / "points.sqlite", spec)
    assert [point.network for point in went.points] == ["digits_mlp"]
    assert went.absent == ("g2p has not been fetched; run 'fp8mac fetch g2p' first.",)
