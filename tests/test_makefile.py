"""The Makefile passes text on, and runs nothing in it; only whole tables are published."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[1] / "Makefile"


@pytest.fixture
def folder(tmp_path):
    """A checkout whose commands write down their words."""
    (tmp_path / "Makefile").write_text(MAKEFILE.read_text())
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("fp8mac", "python"):
        tool = tmp_path / ".venv" / "bin" / name
        # `python -c PROGRAM` runs, as it splits the words; anything else is written down.
        tool.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys\n"
            "if sys.argv[1] == '-c':\n"
            f"    os.execv({sys.executable!r}, [sys.executable, *sys.argv[1:]])\n"
            "print(json.dumps(sys.argv[1:]))\n"
        )
        tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    (tmp_path / ".venv" / ".ready").write_text("")
    return tmp_path


def make(folder, *words: str):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words], cwd=folder, env=clean, capture_output=True, text=True, check=False
    )


def given(folder, *words: str) -> list[str]:
    done = make(folder, *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


UGLY = (
    "e4m3; touch bad",
    "$(touch bad)",
    "`touch bad`",
    "$(shell touch bad)",
    "a'b\"c",
    "x && touch bad",
    "x\ntouch bad",
    "*",
    "$HOME",
)


@pytest.mark.parametrize("text", UGLY)
def test_text_is_text(folder, text):
    words = (f"FORMAT={text}", f"FORMAT_B={text}", f"ACC={text}")
    for target in ("synth", "prove"):
        assert given(folder, target, *words) == [target, text, text, "--acc", text]
    for target in ("synth", "verilog", "prove", "vectors"):
        assert given(folder, target, f"UNIT={text}") == [target, text]
    assert given(folder, "fpga", *words, f"BOARD={text}") == [
        *("bitstream", text, text, "--acc", text, "--board", text)
    ]
    assert given(folder, "test", f"JOBS={text}") == [
        "-m",
        "pytest",
        "-n",
        text,
        "-m",
        "not slow and not torch",
    ]
    assert not (folder / "bad").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--goal speed --liberty NANGATE", ["--goal", "speed", "--liberty", "NANGATE"]),
        ("-o 'my file.v'", ["-o", "my file.v"]),
        ('-k "a and b"', ["-k", "a and b"]),
        ("$(touch bad) `touch bad`; touch bad", "$(touch bad) `touch bad`; touch bad".split()),
        ("*", ["*"]),
        ("a\nb", ["a", "b"]),
    ],
)
def test_args_are_words(folder, text, words):
    assert given(folder, "formats", f"ARGS={text}") == ["formats", *words]
    assert given(folder, "test", f"ARGS={text}")[6:] == words
    assert given(folder, "fetch", f"NAMES={text}") == ["fetch", *words]
    assert not (folder / "bad").exists()


def test_args_that_are_no_words(folder):
    done = make(folder, "formats", "ARGS=it's")
    assert done.returncode == 2
    assert done.stderr.startswith("ARGS has no closing quotation.\nmake: ")


RESULTS = {
    "grid": "",
    "features": "",
    "energy": "",
    "figure3": "",
    "peers": "",
    "figure5": "",
    "sum-error": "",
    "window": "",
    "differences": "",
    "bounds": "",
    "dots": "",
    "prove": "",
    "accuracy": "/accuracy",
    "plot": "/pareto",
    "curve": "/curve",
}


@pytest.mark.parametrize("target", RESULTS)
def test_only_whole_tables_are_published(folder, target):
    where = ["--output-dir", f"synth_reports/results{RESULTS[target]}"]
    assert given(folder, target)[-2:] == where
    assert "--output-dir" not in given(folder, target, "ARGS=--formats e4m3")


def test_every_target_is_listed(folder):
    shown = make(folder).stdout
    targets = MAKEFILE.read_text().partition(".PHONY: ")[2].partition("\n")[0].split()
    assert {line.split()[1] for line in shown.splitlines() if line.startswith("  make ")} == {
        *(target for target in targets if target not in ("help", "unit-given")),
        "help",
    }


def test_first_setup_is_one_line(folder):
    (folder / ".venv" / ".ready").unlink()
    pip = folder / ".venv" / "bin" / "python"
    pip.write_text(
        "#!/bin/sh\n[ $1 = -m ] || exit 0\n"
        "for i in 1 2 3; do echo Collecting it; echo '  Using it'; done\n"
    )
    done = make(folder, "setup", f"PYTHON={sys.executable}")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "Setting up .venv (once; a minute)\n"
