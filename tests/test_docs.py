"""Examples in docstrings run; what pages show is what the commands print."""

import doctest
import importlib
import inspect
import re
import shlex
import shutil
import subprocess

import pytest
import typer
from rooms import FRONT, MODULES, ROOMS, ROOT
from typer.testing import CliRunner

from fp8mac.cli.app import app
from fp8mac.cli.command import Commands
from fp8mac.hw.config.errors import Error


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


def test_architecture_says_where_a_name_is():
    text = " ".join((ROOT / "docs/architecture.md").read_text("utf-8").split())
    named = re.findall(r"`(\w+)` in `([\w/]+\.py)`", text)
    assert len(named) >= 8
    for name, path in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^(def|class) {name}\b|^{name}\b.* = ", source, re.M), (name, path)


def commands(text: str) -> list[str]:
    """Calls of the command line, in lines of code and in prose, without what explains them."""
    inline = re.findall(r"`(?:\.venv/bin/)?fp8mac ([^`]+)`", text)
    lines = re.findall(
        r"^(?:\w+=\S+ )?(?:\.venv/bin/)?fp8mac ((?=[a-z-]+(?: |$))(?:.*\\\n)*.*)$", text, re.M
    )
    plain = (re.split(" {2,}", re.sub(r"\s*\\\n\s*", " ", each))[0] for each in lines)
    return [" ".join(each.split()) for each in (*inline, *plain)]


def refusal(command: str) -> str:
    """Why the command line does not take a call; empty where it does. Nothing is done."""
    group = typer.main.get_command(app)
    assert isinstance(group, Commands)
    name, *words = shlex.split(command)
    if name not in group.commands:
        return "" if name.startswith("-") else f"There is no command {name}."
    try:
        group.commands[name].make_context(name, words)
    except (typer.TyperException, Error) as error:
        return "" if "Missing" in str(error) else str(error)  # what is named alone needs nothing
    except typer.Exit:
        pass
    return ""


def test_commands_that_pages_name_are_there():
    assert commands("```\nfp8mac synth e4m3 \\\n  --acc fp16    says\n```\n`fp8mac grid`") == [
        "grid",
        "synth e4m3 --acc fp16",
    ]
    assert refusal("synth e4m3 --acc fp16 --core") == ""
    assert refusal("print e4m3") == "There is no command print."
    assert "--nothing" in refusal("synth e4m3 --acc fp16 --nothing")
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    found = [(page.name, each) for page in pages for each in commands(page.read_text("utf-8"))]
    refused = {
        each: why for page, each in found if page != "CHANGELOG.md" and (why := refusal(each))
    }
    assert refused == {}
    assert len(found) > 40
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    made = {
        each
        for page in pages
        for each in re.findall(r"`make ([a-z0-9-]+)", page.read_text("utf-8"))
    }
    assert made <= targets


def test_papers_page_names_commands():
    rows = re.findall(r"^\| .+ \|$", (ROOT / "docs/papers.md").read_text("utf-8"), re.M)
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    assert len(cells) > 20
    for what, here, result, _ in cells:
        assert bool(here) != result.startswith("not reproduced"), what


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
