"""Examples in docstrings run; what pages show is what the commands print."""

import doctest
import importlib
import inspect
import re
import shutil
import subprocess

import pytest
from rooms import FRONT, MODULES, ROOMS, ROOT
from typer.testing import CliRunner

from fp8mac.cli.app import app


def blocks(path: str) -> list[str]:
    """Text of the fenced blocks of a page."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.findall(r"^```[a-z]*\n(.*?)^```$", text, re.M | re.S)


def output(*arguments: str) -> str:
    """What a command prints, as it stands in a page: without blanks at the ends."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.stdout.strip("\n").splitlines()) + "\n"


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_docstrings_have_examples_in_many_rooms():
    shown = {name for name, path in MODULES.items() if ">>> " in path.read_text(encoding="utf-8")}
    assert len({name.rpartition(".")[0] for name in shown}) > 10


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__
    for public in getattr(module, "__all__", ()):
        thing = getattr(module, public)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert thing.__doc__, public


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_listed(name):
    """``__all__`` has every public class of a module, and nothing that is not there."""
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        return
    listed = module.__all__
    assert len(set(listed)) == len(listed)
    assert all(hasattr(module, public) for public in listed)
    for public, thing in vars(module).items():
        if inspect.isclass(thing) and thing.__module__ == name and not public.startswith("_"):
            assert public in listed


@pytest.mark.slow
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


def missing(text: str) -> list[str]:
    """Files of the project that a text names, and that are not there."""
    rooms = "|".join([*ROOMS, FRONT, "tests", "docs"])
    named = re.findall(rf"`((?:{rooms})/[\w./*-]+)`", text)
    return [name for name in named if not list(ROOT.glob(name))]


def test_files_that_pages_name_are_there():
    assert missing("`hw/area/round.py`, `hw/area/square.py`, `sim/*/golden.py`") == [
        "hw/area/square.py"
    ]
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    found = {page.name: missing(page.read_text(encoding="utf-8")) for page in pages}
    del found["CHANGELOG.md"]  # tells of what was
    assert {page: names for page, names in found.items() if names} == {}


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
