"""A new kind of special values is one file: one is written into a copy of the sources, and used.

It has one NaN in place of -0, and the codes above the largest numbers are infinities: what
IEEE P3109 has. Its largest number in e4m3 is 224.
"""

import json
import os
import shutil
import subprocess
import sys

import pytest
from rooms import FRONT, ROOMS, ROOT

ADDED = {
    '    NONE = "none"\n': '    NONE = "none"\n    P3109 = "p3109"\n',
    "return self is Specials.IEEE\n": "return self in (Specials.IEEE, Specials.P3109)\n",
    "return self is Specials.FNUZ\n": "return self in (Specials.FNUZ, Specials.P3109)\n",
    "int(self is Specials.FNUZ)": "int(self.nan_is_negative_zero)",
    "            case Specials.FN:\n": "            case Specials.FN | Specials.P3109:\n",
}
ARRAYS = """
import numpy as np
from fp8mac.hw.config.formats import Overflow, parse_format
from fp8mac.sim.codes import encoding
from fp8mac.sim.exact import codecs
format_ = parse_format("e4m3p3109")
values = [codecs.decode(format_, code) for code in range(256)]
numbers = encoding.decode(np.arange(256), format_)
finite = [(n, float(v.fraction)) for n, v in zip(numbers, values) if v.kind.value == "finite"]
assert len(finite) == 253 and all(number == value for number, value in finite)
assert repr(numbers[[0x7E, 0x7F, 0x80, 0xFF]].tolist()) == "[224.0, inf, nan, -inf]"
for overflow in Overflow.SATURATE, Overflow.TO_SPECIAL:
    codes = [codecs.encode(format_, value, overflow=overflow) for value in values]
    for copies in 1, 200:  # by numpy, and by compiled kernels where there is numba
        found = encoding.encode(np.tile(numbers, copies), format_, overflow=overflow)
        assert found.tolist() == codes * copies
has = [encoding.has_special(np.array([code], np.uint8), format_) for code in range(256)]
assert [code for code in range(256) if has[code]] == [0x7F, 0x80, 0xFF]
print("done")
"""
PROVE = "from fp8mac.cli.start import main; main()"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    root = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / FRONT, root / "fp8mac", ignore=ignored)
    for room in ROOMS:
        shutil.copytree(ROOT / room, root / "fp8mac" / room, ignore=ignored)
    file = root / "fp8mac" / "hw" / "config" / "specials.py"
    text = file.read_text(encoding="utf-8")
    for old, new in ADDED.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    return root


def python(copy, code, *words):
    places = {"PYTHONPATH": str(copy), "FP8MAC_CACHE": str(copy / "cache")}
    run = [sys.executable, "-c", code, *words]
    return subprocess.run(
        run, cwd=copy, env=os.environ | places, capture_output=True, text=True, check=False
    )


def test_arrays_do_what_single_values_do(copy):
    child = python(copy, ARRAYS)
    assert (child.stdout, child.returncode) == ("done\n", 0), child.stderr


@pytest.mark.slow
@pytest.mark.parametrize("goal", ["area", "speed"])
@pytest.mark.parametrize("acc", ["e4m3p3109", "fp16", "kulisch:3"])
def test_units_are_proved(copy, acc, goal):
    child = python(
        copy, PROVE, "prove", "e3m2p3109", "--acc", acc, "--goal", goal, "--jobs", "1", "--json"
    )
    records = json.loads(child.stdout)["records"]
    proofs = [record for record in records if record["mutation"] is None]
    assert {record["verdict"] for record in proofs} == {"proved"}
    assert {record["property"] for record in proofs} >= {"step", "verilog", "netlist"}
