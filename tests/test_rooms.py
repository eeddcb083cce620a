"""What holds for all modules: sizes, names, defaults, and that no list of rooms is kept by hand."""

import importlib
import inspect
import re
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from rooms import FRONT, MODULES, ROOMS, ROOT, module_name

from fp8mac.hw.config.formats import Overflow
from fp8mac.sim.provenance import _parse as _needs

LINES, FILES = 300, 14


def members(kind):
    """Public classes or functions with the modules that define them."""
    for module in MODULES:
        for name, thing in vars(importlib.import_module(module)).items():
            if kind(thing) and thing.__module__ == module and not name.startswith("_"):
                yield module, name, thing


def too_long(texts):
    return {name for name, text in texts.items() if len(text.splitlines()) > LINES}


def shared(names):
    """Names that stand for several things, and where."""
    places = defaultdict(set)
    for module, name in names:
        places[name].add(module)
    return {name: sorted(found) for name, found in places.items() if len(found) > 1}


def test_no_module_is_long():
    assert too_long({"a": "\n" * 300, "b": "\n" * 301}) == {"b"}
    texts = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    assert too_long(texts) == set()


def full(paths):
    """Folders with too many modules."""
    folders = Counter(path.parent for path in paths)
    return {folder for folder, count in folders.items() if count > FILES}


def test_no_folder_is_full():
    box = [Path(f"box/{number}.py") for number in range(FILES + 1)]
    assert full([*box[:-1], Path("other/x.py")]) == set()
    assert full([*box, Path("other/x.py")]) == {Path("box")}
    assert full(MODULES.values()) == set()
    assert len({path.parent for path in MODULES.values()}) > 30


def imported(path, package, names):
    """Modules that a file imports anywhere, by statements or by text; not for types alone."""
    found = set()
    for name in _needs(path.read_bytes(), package).names:
        found.add(name if name in names else name.rpartition(".")[0])
    return {name for name in found if name in names and names[name].name != "__init__.py"}


def circle(graph):
    """Modules that import each other in a circle, if any do."""
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return error.args[1]
    return []


def test_no_circle(tmp_path):
    """Not even one that is closed inside a function, or by a text."""
    names = {"fp8mac.a": tmp_path / "a.py", "fp8mac.b": tmp_path / "b.py"}
    names["fp8mac.a"].write_text("from fp8mac import b")
    for text in (
        "def f():\n    from fp8mac.a import x",
        "from . import a",
        "import_module('fp8mac.a')",
    ):
        names["fp8mac.b"].write_text(text)
        graph = {name: imported(path, "fp8mac", names) for name, path in names.items()}
        assert len(circle(graph)) == 3, text
    names["fp8mac.b"].write_text("if TYPE_CHECKING:\n    from fp8mac.a import x")
    assert circle({name: imported(path, "fp8mac", names) for name, path in names.items()}) == []

    graph = {
        name: imported(
            path, name if path.name == "__init__.py" else name.rpartition(".")[0], MODULES
        )
        for name, path in MODULES.items()
    }
    assert circle(graph) == []
    assert sum(map(len, graph.values())) > 800


BY_TEXT = re.compile(r"""import_module\(\s*f?["']fp8mac""")


def test_our_own_modules_are_not_imported_by_text():
    """The type checker sees what is imported, in a function as well."""
    assert BY_TEXT.search("found = importlib.import_module('fp8mac.sim.cache')")
    assert [name for name, path in MODULES.items() if BY_TEXT.search(path.read_text())] == []


def test_no_two_public_classes_of_one_name():
    assert shared([("a", "X"), ("b", "X"), ("b", "Y")]) == {"X": ["a", "b"]}
    found = [(module, name) for module, name, _ in members(inspect.isclass)]
    assert shared(found) == {}
    assert len(found) > 190


def test_overflow_saturates_wherever_nothing_is_said():
    defaults = {}
    for module, name, function in members(inspect.isfunction):
        for parameter in inspect.signature(function).parameters.values():
            if isinstance(parameter.default, Overflow):
                defaults[module, name] = parameter.default
    assert set(defaults.values()) == {Overflow.SATURATE}
    encodes = {("fp8mac.sim.codes.encoding", "encode"), ("fp8mac.sim.exact.codecs", "encode")}
    assert encodes < set(defaults)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{FRONT}/__init__.py", "fp8mac"),
        (f"{FRONT}/door.py", "fp8mac.door"),
        ("sim/__init__.py", "fp8mac.sim"),
        ("sim/exact/codecs.py", "fp8mac.sim.exact.codecs"),
    ],
)
def test_modules_are_named_as_they_are_imported(path, name):
    assert module_name(ROOT / path) == name


def test_files_are_what_is_imported():
    for name, path in MODULES.items():
        assert Path(str(importlib.import_module(name).__file__)).resolve() == path.resolve()
    assert len(MODULES) > 240


def test_every_list_of_rooms_is_that_of_the_folders():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["pyright"]["include"] == [FRONT, *ROOMS]
    floors = {
        part.split(".")[1]
        for contract in settings["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers" and "containers" not in contract
        for name in contract["layers"]
        for part in re.split(" *[|:] *", name)
        if part.startswith("fp8mac.") and not (ROOT / FRONT / f"{part[7:]}.py").exists()
    }
    assert floors == set(ROOMS)
    shown = ["make", "--no-print-directory", "--eval=rooms:;@echo $(ROOMS)", "rooms"]
    made = subprocess.run(shown, cwd=ROOT, capture_output=True, text=True, check=True)
    assert sorted(made.stdout.split()) == ROOMS


def test_setup_installs_every_package(tmp_path):
    code = (
        "import setuptools; setuptools.setup = lambda **given: print(*sorted(given['packages']))\n"
        "import runpy; runpy.run_path('setup.py')"
    )
    run = [sys.executable, "-c", code]
    child = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    packages = [name for name, path in MODULES.items() if path.name == "__init__.py"]
    assert child.stdout.split() == sorted(packages)
