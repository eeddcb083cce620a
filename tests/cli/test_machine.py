"""The command that says what an array takes."""

import json

import pytest
from typer.testing import CliRunner

from fp8mac.cli.app import app

WORDS = ["machine", "int8", "--acc", "int32", "--network", "digits_mlp"]


def test_table_and_json():
    result = CliRunner().invoke(app, [*WORDS, "--array", "8x4", "--product-pj", "0.5"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("int8 -> int32, 8x4 places, a question to digits_mlp\n")
    found = json.loads(CliRunner().invoke(app, [*WORDS, "--array", "8x4", "--json"]).stdout)
    cycles = [layer["cycles"] for layer in found["layers"]]
    products = 64 * 32 + 32 * 10
    assert cycles == [8 * 64 + 11, 3 * 32 + 11]
    assert f"\n{sum(cycles):,} cycles for {products:,} products.\n" in result.stdout
    assert found["energy_pj"]["products"] is None
    names = ("buffer", "memory", "memory_most")
    buffer, memory, most = (found["energy_pj"][name] / 1000 for name in names)
    assert most == 2 * memory
    shown = (
        f"energy, nJ: products {products / 2000:,.1f}, buffer {buffer:,.1f}, "
        f"memory {memory:,.1f} to {most:,.1f}\n"
    )
    assert result.stdout.endswith(shown)


@pytest.mark.parametrize("array", ["16", "0x4", "4x1025", "4x-1", "axb"])
def test_arrays_that_are_none(array):
    result = CliRunner().invoke(app, [*WORDS, f"--array={array}"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"--array takes rows and columns up to 1024, such as 16x16, not '{array}'.\n"
    )
