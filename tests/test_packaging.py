"""The folders are packages under their full names only."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_plain_import_is_refused():
    run = [sys.executable, "-c", "import hw"]
    child = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    assert child.returncode == 1
    assert child.stderr.strip().splitlines()[-1] == (
        "ImportError: This folder is the package fp8mac.hw; install the project and import that."
    )


def test_no_file_names_a_registry_or_a_lock():
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in constraints
    assert "amaranth==" in constraints


@pytest.mark.parametrize(
    "target", ["setup", "synth", "verilog", "grid", "figure3", "peers", "lint"]
)
def test_make_alone_lists_targets(target):
    child = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"make {target} " in child.stdout
