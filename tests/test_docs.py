"""Examples in docstrings run; what pages show is what the commands print."""

import doctest
import importlib
import inspect
import pkgutil
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

import fp8mac.gen
import fp8mac.hw
import fp8mac.proofs
import fp8mac.sim
import fp8mac.sim.networks
import fp8mac.synth_reports
import fp8mac.synth_reports.liberty
from fp8mac.cli.app import app

ROOT = Path(__file__).parents[1]
ROOMS = (
    fp8mac.hw,
    fp8mac.gen,
    fp8mac.sim,
    fp8mac.sim.networks,
    fp8mac.synth_reports,
    fp8mac.synth_reports.liberty,
    fp8mac.proofs,
)
MODULES = [
    importlib.import_module(f"{room.__name__}.{module.name}")
    for room in ROOMS
    for module in pkgutil.iter_modules(room.__path__)
]


def blocks(path: str) -> list[str]:
    """Text of the fenced blocks of a page."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.findall(r"^```[a-z]*\n(.*?)^```$", text, re.M | re.S)


def output(*arguments: str) -> str:
    """What a command prints, as it stands in a page: without blanks at the ends."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.stdout.strip("\n").splitlines()) + "\n"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_docstring_examples(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_public_names_are_documented(module):
    assert module.__doc__
    for name in getattr(module, "__all__", ()):
        thing = getattr(module, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert thing.__doc__, name


def test_readme_shows_what_synth_prints(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert output("synth", "e4m3", "--acc", "fp16") in blocks("README.md")


def test_readme_shows_the_grid():
    grid = (ROOT / "synth_reports" / "results" / "grid.md").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| +(?:int8|e\dm\d(?:fnuz)?) +\|.*$", grid, re.M)
    assert len(rows) == 9
    for row in rows:
        assert row in readme


def test_formats_page_shows_what_formats_prints():
    assert output("formats") in blocks("docs/formats.md")


def test_links_lead_somewhere():
    checked = 0
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
            checked += 1
    assert checked > 5


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="This is no checkout"
)
def test_pictures_in_pixels_are_those_that_pages_show():
    listed = subprocess.run(
        ["git", "ls-files", "*.png"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    shown = {
        str((page.parent / target).resolve().relative_to(ROOT))
        for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
        for target in re.findall(r"!\[[^]]*\]\(([^):]+\.png)\)", page.read_text(encoding="utf-8"))
    }
    assert set(listed.stdout.split()) == shown
