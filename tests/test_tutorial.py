"""The tutorial, step by step in an empty folder: every command prints what the page shows."""

import os
import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "tutorial.md"


def steps(text: str) -> list[tuple[str, str]]:
    """Commands of the page, and what stands below each."""
    found = []
    for block in re.findall(r"^```\n(\$ .*?)^```$", text, re.M | re.S):
        for step in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, shown = step.partition("\n")
            found.append((command, shown))
    return found


def printed(command: str, folder: Path) -> str:
    """Standard output of a command, without blanks at the ends of lines and empty ones around."""
    path = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"
    how = {"cwd": folder, "env": {**os.environ, "PATH": path}, "capture_output": True}
    child = subprocess.run(shlex.split(command), check=False, **how)
    assert child.returncode == 0, child.stderr.decode()
    lines = [line.rstrip() for line in child.stdout.decode().strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.slow
def test_tutorial_shows_what_its_commands_print(tmp_path):
    found = steps(PAGE.read_text(encoding="utf-8"))
    assert [command.split()[1] for command, _ in found] == [
        *("sweep", "recommend", "recommend", "recommend", "machine", "verilog", "report")
    ]
    for command, shown in found:
        assert printed(command, tmp_path) == shown, command
    assert "module mac_int8_int8_kulisch12" in (tmp_path / "mac.v").read_text(encoding="utf-8")
    assert "digits_cnn" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_steps_of_a_page():
    assert steps("```\n$ a b\nshown\n$ c\n```\nText\n```\nnone\n```\n") == [
        ("a b", "shown\n"),
        ("c", ""),
    ]
