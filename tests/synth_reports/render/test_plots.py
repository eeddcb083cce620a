"""Pictures: the same bytes again, everything that was asked for, nothing that gives us away."""

import re
import subprocess
import sys
from itertools import pairwise

import pytest

from fp8mac.synth_reports.render import plots
from fp8mac.synth_reports.render.plots import Marks, Panel, grouped_bars

PANELS = [
    Panel("left", ["a", "b"], {"x": [1, 20], "y": [3, 4]}, Marks("other", "y", [2, 5])),
    Panel("right", ["c", "d"], {"x": [7, 8], "y": [9, 1234]}),
]


def test_same_numbers_same_bytes():
    first, again = (
        grouped_bars("t", "gates", PANELS, note="n"),
        grouped_bars("t", "gates", PANELS, note="n"),
    )
    assert list(first) == ["png", "svg"]
    assert first == again
    moved = [*PANELS[:1], Panel("right", ["c", "d"], {"x": [7, 8], "y": [9, 1235]})]
    assert grouped_bars("t", "gates", moved, note="n")["svg"] != first["svg"]


def test_files_are_what_they_are_called_and_undated():
    files = grouped_bars("t", "gates", PANELS, note="n")
    assert files["png"].startswith(b"\x89PNG\r\n\x1a\n")
    assert not re.search(rb"tEXt|iTXt|tIME|atplotlib", files["png"])
    assert not re.search(rb"dc:date|dc:creator|<dc:title>Matplotlib", files["svg"])


def test_every_bar_name_and_number_is_there():
    svg = grouped_bars("the title", "gates", PANELS, note="20 questions")["svg"].decode()
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    words = "left right a b c d x y other gates 1 20 3 4 7 8 9 1234".split()
    assert set(words) | {"the title", "20 questions"} <= set(texts)
    colours = ("#4d4d4d", "#56b4e9")
    bars = [re.findall(rf"style=\"fill: {colour}", svg) for colour in colours]
    assert [len(each) for each in bars] == [4 + 1, 4 + 1]  # the legend has one more


@pytest.mark.parametrize("length", [2, 8, 11])
def test_names_below_groups_do_not_touch(length, monkeypatch):
    rows = []

    def look(figure):
        figure.draw_without_rendering()
        for axis in figure.axes:
            rows.append([text.get_window_extent() for text in axis.get_xticklabels()])
        return {}

    monkeypatch.setattr(plots, "rendered", look)
    names = [f"{number}" * length for number in range(6)]
    panels = [Panel(title, names, {"x": [1] * 6}) for title in "abc"]
    grouped_bars("t", "gates", panels, note="n")
    gaps = [right.x0 - left.x1 for row in rows for left, right in pairwise(row)]
    assert len(gaps) == 15
    assert min(gaps) > 5


def test_five_panels_are_in_two_rows():
    panels = [Panel(f"p{number}", ["a"], {"x": [number]}) for number in range(5)]
    svg = grouped_bars("t", "gates", panels, note="n")["svg"].decode()
    found = re.findall(r'x="([\d.]+)" y="([\d.]+)"[^>]*>(p\d)</text>', svg)
    titles = {name: (float(x), float(y)) for x, y, name in found}
    assert [titles[f"p{number}"][1] for number in range(3)] == [titles["p0"][1]] * 3
    assert titles["p3"][1] == titles["p4"][1] > titles["p0"][1]
    assert titles["p3"][0] == titles["p0"][0]


def test_commands_come_up_without_matplotlib():
    code = "import sys, fp8mac.cli.app, fp8mac.synth_reports.experiments.figure3.figure3 as _\n"
    code += "print('matplotlib' in sys.modules)"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout == "False\n"
