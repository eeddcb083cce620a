"""Compiled kernels on disk: found again, never mistaken, no obstacle."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from fp8mac.sim import cache, jit_cache
from fp8mac.sim.jit import jit
from fp8mac.sim.jit_cache import KernelCache


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("FP8MAC_CACHE", str(tmp_path))
    monkeypatch.setattr(jit_cache, "fingerprint", lambda module: f"code of {module}")
    monkeypatch.setattr(cache, "_told", [])
    return tmp_path / "kernels"


def kernel(factor=3):
    """A new function object each time, as in a new process."""

    @jit
    def times(x):
        return x * factor

    return times


def entries(place: Path) -> list[str]:
    return sorted(path.name.partition("-")[0] for path in place.glob("*"))


def known(function) -> int:
    """How many signatures came from the cache."""
    return sum(function.stats.cache_hits.values())


def test_a_kernel_is_compiled_once(place):
    assert kernel()(2) == 6
    assert entries(place) == ["times"]
    again = kernel()
    assert (again(2), known(again)) == (6, 1)
    assert entries(place) == ["times"]


def test_types_constants_and_code_have_their_own(place, monkeypatch):
    assert kernel()(2) == 6
    for other, x, want in ((kernel(), 2.5, 7.5), (kernel(5), 2, 10)):
        assert (other(x), known(other)) == (want, 0)
    monkeypatch.setattr(jit_cache, "fingerprint", lambda module: "other code")
    changed = kernel()
    assert (changed(2), known(changed)) == (6, 0)
    assert entries(place) == ["times"] * 4


@pytest.mark.parametrize("damage", [b"", b"short", bytes(5000), None])
def test_a_damaged_kernel_is_made_again(place, caplog, damage):
    assert kernel()(2) == 6
    (path,) = place.glob("*")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] if damage is None else damage)
    again = kernel()
    assert (again(2), known(again)) == (6, 0)
    assert caplog.messages == [f"The cache entry {path} is damaged; it is made again."]
    assert path.read_bytes()[:32] != bytes(32)
    last = kernel()
    assert (last(2), known(last)) == (6, 1)


def test_a_cache_that_cannot_be_written(place, caplog):
    place.write_text("")
    assert kernel()(np.arange(3)).tolist() == [0, 3, 6]
    assert kernel()(2) == 6
    assert len(caplog.messages) == 1
    assert KernelCache(kernel().py_func).cache_path == str(place)


CODES = """
import numpy as np
from fp8mac.hw.config.formats import parse_format
from fp8mac.sim.codes.encoding import encode
print(encode(np.arange(1 << 20, dtype=np.float32), parse_format("e4m3")).sum())
"""


@pytest.mark.slow
def test_two_processes_at_once_on_an_empty_cache(place):
    """Both compile all kernels and keep them; a third one compiles none."""
    words = [sys.executable, "-c", CODES]
    pair = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    first, second = (child.communicate()[0] for child in pair)
    assert first == second != ""
    before = {path: path.stat().st_mtime_ns for path in place.glob("*")}
    assert before
    third = subprocess.run(words, capture_output=True, text=True, check=True)
    assert (third.stdout, third.stderr) == (first, "")
    assert {path: path.stat().st_mtime_ns for path in place.glob("*")} == before


def test_a_current_folder_and_a_cache_that_cannot_be_written(tmp_path):
    """One warning, and the same answer."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.write_text("")
    done = subprocess.run(
        [sys.executable, "-c", CODES],
        cwd=here,
        env={**os.environ, "FP8MAC_CACHE": str(there)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) > 0
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"The cache '{there}' cannot be written: ")
    assert not list(here.iterdir())
