"""The model of docs/training.md trains on its three units, as written."""

import re
from math import isfinite
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

PAGE = Path(__file__).parents[3] / "docs" / "training.md"


def test_the_model_of_the_page_trains_on_three_units(capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 32
    exec(compile(code, str(PAGE), "exec"), {"__name__": "page"})
    printed = capsys.readouterr().out.splitlines()
    found = [line.rpartition(": ") for line in printed[:3]]
    assert [unit for unit, _, _ in found] == ["e4m3 -> fp16", "e5m2 -> e6m9, chunk 64", "h100-fp8"]
    assert all(isfinite(float(loss)) and float(loss) < 1.5 for _, _, loss in found)
    passes = {line.split()[0] for line in printed[4:]}
    assert passes == {"conv", "gru.weight_ih_l0", "gru.weight_hh_l0", "head"}
