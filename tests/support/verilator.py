"""Verilator, for testbenches: ``bench.v`` and ``unit.v`` of a folder."""

import shutil
import subprocess
from pathlib import Path

import pytest

needs_verilator = pytest.mark.skipif(
    shutil.which("verilator") is None, reason="Verilator is not installed"
)


def run_verilator(folder: Path, top: str) -> tuple[int, list[str]]:
    """Exit code and lines of a bench."""
    # Without -fno-gate, Verilator 5.006 computes other sums than Icarus Verilog.
    build = ["verilator", "--binary", "-fno-gate", "-O1", "-CFLAGS", "-O0", "-Wno-fatal"]
    build += ["--top-module", top, "bench.v", "unit.v"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    run = subprocess.run(
        [folder / "obj_dir" / f"V{top}"], cwd=folder, capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout.splitlines()
