"""Whether the commands make the committed tables and pictures again, byte by byte.

::

    make results-check                        those that take seconds
    make results-check ARGS='grid features'   any others, or all

Days, on which figures were measured, may differ.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "synth_reports" / "results"

QUICK = ("figure5", "sum-error", "plot")
COMMANDS: Mapping[str, Sequence[str]] = {
    "grid": (),
    "features": (),
    "energy": (),
    "figure3": (),
    "figure5": (),
    "peers": (),
    "sum-error": (),
    "train": (),
    "window": (),
    "differences": (),
    "bounds": (),
    "ratios": (),
    "arrays": (),
    "dots": (),
    "plot": (
        *("--grid", "synth_reports/results/grid.csv"),
        *("--accuracy", "synth_reports/results/accuracy"),
    ),
    "accuracy": (),
    "sta": (),
    "layout": (),
    "fpga": (),
    "route": (),
}
"""By name, the words that are not defaults, as in the Makefile."""

FOLDERS = {"plot": "pareto", "accuracy": "accuracy"}


def compare(made: Path, committed: Path) -> tuple[int, list[str]]:
    """How many files of one folder are committed in another, and those that are not the same."""
    both = [path for path in sorted(made.iterdir()) if (committed / path.name).is_file()]
    return len(both), [
        path.name for path in both if _undated(path) != _undated(committed / path.name)
    ]


def _undated(path: Path) -> bytes:
    return re.sub(rb"\b20\d\d-\d\d-\d\d\b", b"a day", path.read_bytes())


def check(name: str, folder: Path) -> tuple[int, list[str]]:
    """Run an experiment into a folder, and compare it with what is committed of it."""
    committed = RESULTS / FOLDERS.get(name, "")
    if name == "accuracy":  # pages say what all networks say, and not all of them are here
        shutil.copytree(committed, folder, dirs_exist_ok=True)
    program = Path(sys.executable).with_name("fp8mac")
    words = [str(program), name, *COMMANDS[name], "--output-dir", str(folder)]
    done = subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        return 0, [f"(exit code {done.returncode})"]
    return compare(folder, committed)


def main(names: Sequence[str]) -> int:
    """Check some experiments; exit code 1 where a file is another one, 2 for an unknown name."""
    unknown = [name for name in names if name not in (*COMMANDS, "all")]
    if unknown:
        print(f"Unknown results '{unknown[0]}'; there are {', '.join(COMMANDS)}, all.")
        return 2
    chosen = list(COMMANDS) if "all" in names else names or QUICK
    wrong = 0
    for name in chosen:
        with tempfile.TemporaryDirectory() as folder:
            count, different = check(name, Path(folder))
        wrong += bool(different) or not count
        said = f"differs: {', '.join(different)}" if different else f"{count} files are the same"
        print(f"{name}: {said if count or different else 'nothing is committed'}.", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
