"""README's Python, the notebook, and an installed wheel, all of them outside of the checkout."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "from-format-to-decision.ipynb"
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=1800, kernel_name="python3").execute()
nbformat.write(notebook, "executed.ipynb")
"""


def run(*words: str, cwd: Path, **more) -> str:
    """Output of a new Python."""
    child = subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True, check=False, **more
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


def outputs(path: Path) -> list[tuple[str, list[dict]]]:
    """Code of each cell, and what it shows."""
    found = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            shown = [each.get("data") or {"text/plain": each.text} for each in cell.outputs]
            found.append((cell.source, [dict(each) for each in shown]))
    return found


def readme_python() -> str:
    """The Python of README."""
    blocks = re.findall(
        r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S
    )
    assert len(blocks) == 1
    return blocks[0]


@pytest.mark.slow
def test_python_of_readme_runs(tmp_path):
    code = readme_python()
    assert 8 <= len([line for line in code.splitlines() if line.strip()]) <= 14
    run("-c", code, cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mac.json", "mac.v"]


@pytest.mark.slow
def test_notebook_shows_what_it_computes(tmp_path):
    run("-c", RUN, str(NOTEBOOK), cwd=tmp_path)
    assert outputs(tmp_path / "executed.ipynb") == outputs(NOTEBOOK)
    assert len(outputs(NOTEBOOK)) > 8
    assert NOTEBOOK.stat().st_size < 20_000


@pytest.mark.slow
def test_wheel_works_elsewhere(tmp_path):
    source = tmp_path / "source"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "tests"),
    )
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheel = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(tmp_path), "."]
    run(*pip, *wheel, cwd=source)
    (built,) = tmp_path.glob("fp8mac-*.whl")
    shutil.rmtree(source)
    target = tmp_path / "installed"
    run(
        *pip,
        "install",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(built),
        cwd=tmp_path,
    )
    code = """
import sys
from pathlib import Path
target = Path(sys.argv[1]).resolve()
sys.meta_path[:] = [each for each in sys.meta_path if "__editable__" not in repr(each)]
sys.path.insert(0, str(target))
import fp8mac
assert Path(fp8mac.__file__).resolve() == target / "fp8mac" / "__init__.py", fp8mac.__file__
assert (target / "fp8mac" / "py.typed").exists()
unit = fp8mac.unit("e2m1", acc="kulisch:0")
assert unit.verilog("mac.v").count("endmodule") == 1
assert fp8mac.gemm([[1.0, 2.0]], [[3.0], [0.5]], unit).values.tolist() == [[4.0]]
assert fp8mac.measure(unit).to_records()[0]["two_input_gates"] > 0
assert fp8mac.accuracy("digits_mlp", "e4m3 -> fp16", samples=20).reference > 0.5
assert {Path(sys.modules[name].__file__).parts[: len(target.parts)] for name in list(sys.modules)
        if name.startswith("fp8mac")} == {target.parts}
print(fp8mac.__version__)
"""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert run("-c", code, str(target), cwd=elsewhere) == built.name.split("-")[1] + "\n"
    assert (elsewhere / "mac.json").exists()
