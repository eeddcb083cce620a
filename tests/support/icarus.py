"""Icarus Verilog, for testbenches: ``bench.v`` and ``unit.v`` of a folder."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_icarus = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="Icarus Verilog (iverilog) is not installed"
)


def run_icarus(folder: Path) -> tuple[int, list[str]]:
    """Exit code and lines of a bench; it compiles without a warning."""
    build = ["iverilog", "-g2005", "-Wall", "-Wno-timescale", "-o", "bench", "bench.v", "unit.v"]
    warnings = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=True).stderr
    assert not warnings
    run = subprocess.run(
        ["vvp", "-n", "bench"], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout.splitlines()
