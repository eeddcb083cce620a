"""Keys change with what a result depends on, and with nothing else."""

import ast
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from rooms import ROOMS, ROOT
from samples import one_in

from fp8mac.sim import provenance
from fp8mac.sim.provenance import Sources, fingerprint
from fp8mac.synth_reports.experiments.registry import EXPERIMENTS

FILES = sorted(
    path
    for room in ROOMS
    for path in (ROOT / room).rglob("*")
    if path.is_file() and path.suffix != ".pyc"
)

# Modules whose results are kept, with a way to make one; `store.key` in the code names them.
RTLIL = """
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_unit
for goal in Goal:
    for acc in ("fp16", "kulisch:3"):
        rtlil_text(parse_unit("e4m3", acc=acc), Shape.UNIT, goal=goal)
"""
HIERARCHY = """
from fp8mac.synth_reports.synth.hierarchy import submodules
submodules("", "top")
"""
DESIGN = r"""
from fp8mac.gen.yosys import find_yosys
from fp8mac.synth_reports.synth.search import improve
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize
design = r'''
module \m
  wire input 1 \a
  wire input 2 \b
  wire output 3 \y
  cell $_AND_ \gate
    connect \A \a
    connect \B \b
    connect \Y \y
  end
end
'''
found = synthesize(design, "m", Flow.load(), find_yosys())
"""
ARRAYS = """
from pathlib import Path
from tempfile import TemporaryDirectory
from fp8mac.gen.yosys import find_yosys
from fp8mac.hw.config.arrays.array import ArrayConfig
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.experiments.arrays.parts import measure_array
from fp8mac.synth_reports.store.store import Store
from fp8mac.synth_reports.synth.synthesis import Flow
with TemporaryDirectory() as folder:
    array = ArrayConfig(parse_unit("int2", acc="int4"), 1, 1)
    measure_array(array, Flow.load(), find_yosys(), Store(Path(folder)))
"""
SEQUENCER = (
    ARRAYS.replace("measure_array(array", "measure_sequencer(BlockSparseConfig(array, 2)")
    .replace("arrays.parts import measure_array", "arrays.sequencer import measure_sequencer")
    .replace(
        "from fp8mac.hw.config.unit",
        "from fp8mac.hw.config.arrays.block_sparse import BlockSparseConfig\n"
        "from fp8mac.hw.config.unit",
    )
)
FPGA = (
    DESIGN.partition("found =")[0].replace(
        "from fp8mac.synth_reports.synth.search import improve\n"
        "from fp8mac.synth_reports.synth.synthesis import Flow, synthesize\n",
        "from fp8mac.synth_reports.synth.fpga import FpgaFlow, Fpga\n",
    )
    + 'FpgaFlow.load(Fpga.ICE40).synthesize(design, "m", find_yosys())\n'
)
SEARCH = DESIGN + 'improve(found, design, "m", Flow.load(), find_yosys(), seconds=0.01)\n'
PHYSICAL = """
from types import SimpleNamespace
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.cost.physical import _energy, facts_of
from fp8mac.synth_reports.cost.stimuli import Stimuli
lines = ".inputs a[0] a[1] b[0] b[1] en clear rst ff_q[0]", ".gate INV_X1 A=a[0] ZN=ff_d[0]"
netlist = "\\n".join([".model m", lines[0], ".outputs ff_d[0]", lines[1], ".end", ""])
synthesis = SimpleNamespace(netlist=netlist, flip_flops=("acc[0]",), delay_ps=1.0)
config = parse_unit("int2", acc="int4")
try:
    _energy(SimpleNamespace(synthesis=synthesis, design=SimpleNamespace(config=config)),
            own_library(), Stimuli(cycles=64))
except (KeyError, IndexError, ValueError):
    pass  # such a unit is none, but everything was imported
library = own_library()
library.fo4_ps, library.nand2, library.flip_flop
"""
DECIDE = """
from fp8mac.proofs.check.decide import decide, to_bit_vectors
text = "(set-logic QF_FP)(declare-const x (_ FloatingPoint 3 4))(assert (fp.isNaN x))(check-sat)"
decide(to_bit_vectors(text), [])
"""
MAPPED = """
from fp8mac.proofs.netlists import prove_netlist, structural_verilog
from fp8mac.gen.yosys import find_yosys
from fp8mac.gen.rtlil import rtlil_text
from fp8mac.hw.config.structure import Goal
from fp8mac.hw.config.ports import Shape
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.synth.synthesis import Flow, synthesize
config = parse_unit("int2", acc="int4")
rtlil = rtlil_text(config, Shape.CORE)
found = synthesize(rtlil, config.slug + "_core", Flow.load(), find_yosys())
text = structural_verilog(found, config, Shape.CORE, goal=Goal.AREA)
prove_netlist(text, config, Shape.CORE, goal=Goal.AREA)
"""
PEERS = """
from fp8mac.gen.yosys import find_yosys
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.experiments.peers.peers import Source, run_flow
text = "module top(input a, b, output y); assign y = a & b; endmodule"
run_flow(Source("", "", text, "top"), own_library(), find_yosys())
"""
ACCURACY = """
from types import SimpleNamespace
from fp8mac.synth_reports.experiments.accuracy.accuracy import Case, measure
store = SimpleNamespace(key=lambda *_: "", load=lambda *_: None, save=lambda *_: None)
for format_, acc in (("e4m3", "fp16"), ("int8", "int32"), ("e5m2", "kulisch")):
    measure(Case("digits_mlp", format_, format_, acc, 300), store)
"""
TRAINED = """
from types import SimpleNamespace
from fp8mac.synth_reports.experiments.accuracy import training
from fp8mac.sim.networks.training import qat
store = SimpleNamespace(key=lambda *_: "", load=lambda *_: None, save=lambda *_: None)
real = qat.fine_tune
training.fine_tune = lambda *a, **b: real(*a, **b | {"epochs": 1})
training.trained_task.__wrapped__("digits_mlp", "e4m3,e4m3", "max", store, 100)
"""
SUMS = """
from fp8mac.synth_reports.experiments.sum_error.length import _point, length_jobs
_point(length_jobs(("e4m3",), ("fp16",), (32,))[0])
"""
FIGURE5 = """
from fp8mac.synth_reports.experiments.figure5.figure5 import bits_of, jobs
bits_of(jobs(("e2m1",))[0])
"""
SUM_ERRORS = """
from fp8mac.synth_reports.experiments.sum_error.sum_error import SumJob, errors_of, settings
errors_of(SumJob(settings(("e4m3",), ("fp16",), (32,))[0], 2, 1))
"""
WINDOW = """
from fp8mac.synth_reports.experiments.window.window import jobs, measure
measure(jobs(("sums",))[0])
"""
NETWORKS = """
from fp8mac.hw.config.unit import parse_line
from fp8mac.synth_reports.experiments.window.networks import of_network
of_network(parse_line("e4m3 x 32 -> fp32:rtz:inf:plus0, window 14"))
"""
DIFFERENCES = """
from fp8mac.synth_reports.experiments.differences.differences import PairJob, alone, pair
pair(PairJob("e2m1 -> fp16", "e2m1 -> bf16:rtz"))
alone(PairJob("e2m1 x 2 -> fp16"))
"""
SILICON = """
import numpy as np
from fp8mac.sim.check.recorded import Recorded, _Words
from fp8mac.sim.check.silicon import check, unit_of
codes, zeros = _Words(np.zeros((1, 4), np.uint8), 8), _Words(np.zeros(1, np.uint32), 32)
held = Recorded("x", {"a": codes, "b": codes, "c": zeros, "d": zeros})
check(unit_of("e4m3 x 4 -> fp32, window 14", held), held)
"""
SWEEP = """
from types import SimpleNamespace
from fp8mac.synth_reports.experiments.sweep.{part} import {job}
from fp8mac.synth_reports.experiments.worker import Worker
store = SimpleNamespace(key=lambda *_: "", load=lambda *_: None, save=lambda *_: None)
{job}({arguments}).run(Worker(store))
"""
ROUTE = """
from fp8mac.hw.config.ports import Shape, ports
from fp8mac.hw.config.unit import parse_unit
from fp8mac.synth_reports.synth.route import registered
registered("m", ports(parse_unit("int2", acc="int4"), Shape.UNIT))
"""
LAYOUT = """
from fp8mac.synth_reports.liberty.library import own_library
from fp8mac.synth_reports.synth.layout import Cells
Cells.of(".model m\\n.inputs a\\n.outputs y\\n.gate INV a=a y=y\\n.end\\n", own_library())
"""
STA = """
from fp8mac.synth_reports.synth.opensta import netlist_verilog
netlist_verilog(".inputs a\\n.outputs y\\n")
"""
DRAWN = """
from fp8mac.synth_reports.experiments.layout.picture import drawing
from fp8mac.synth_reports.synth.geometry import PlacedCell, RoutedLayout
drawing(RoutedLayout((PlacedCell("a", "INV", 0, 0, 1, 1),), {}), "DFF")
"""
RESULTS = {
    "fp8mac.gen.rtlil": RTLIL,
    "fp8mac.synth_reports.synth.hierarchy": HIERARCHY,
    "fp8mac.synth_reports.synth.synthesis": DESIGN.replace(
        "from fp8mac.synth_reports.synth.search import improve\n", ""
    ),
    "fp8mac.synth_reports.synth.search": SEARCH,
    "fp8mac.synth_reports.synth.fpga": FPGA,
    "fp8mac.synth_reports.synth.route": ROUTE,
    "fp8mac.synth_reports.synth.layout": LAYOUT,
    "fp8mac.synth_reports.synth.opensta": STA,
    "fp8mac.synth_reports.experiments.layout.picture": DRAWN,
    "fp8mac.synth_reports.cost.physical": PHYSICAL,
    "fp8mac.proofs.check.decide": DECIDE,
    "fp8mac.proofs.netlists": MAPPED,
    "fp8mac.synth_reports.experiments.arrays.parts": ARRAYS,
    "fp8mac.synth_reports.experiments.arrays.sequencer": SEQUENCER,
    "fp8mac.synth_reports.experiments.peers.peers": PEERS,
    "fp8mac.synth_reports.experiments.accuracy.accuracy": ACCURACY,
    "fp8mac.synth_reports.experiments.accuracy.training": TRAINED,
    "fp8mac.synth_reports.experiments.sum_error.length": SUMS,
    "fp8mac.synth_reports.experiments.sum_error.sum_error": SUM_ERRORS,
    "fp8mac.synth_reports.experiments.figure5.figure5": FIGURE5,
    "fp8mac.synth_reports.experiments.window.window": WINDOW,
    "fp8mac.synth_reports.experiments.window.networks": NETWORKS,
    "fp8mac.synth_reports.experiments.differences.differences": DIFFERENCES,
    "fp8mac.sim.check.silicon": SILICON,
    **{
        f"fp8mac.synth_reports.experiments.sweep.{part}": SWEEP.format(
            part=part, job=job, arguments=arguments
        )
        for part, job, arguments in (
            ("cost", "CostJob", "'int2 -> int4', 'area', '', 'fp8mac', *[''] * 4"),
            ("proof", "ProofJob", "'int2 -> int4', 'area'"),
            ("accuracy", "AccuracyJob", "'e4m3 -> fp16', 'digits_mlp', '', '', 300"),
        )
    },
}
OF_TORCH = (
    "fp8mac.synth_reports.experiments.training.runs",
    "fp8mac.synth_reports.experiments.sweep.trained",
)
"""What PyTorch is needed for; closures are tested, and not what they load."""
KERNEL_MODULES = [
    "fp8mac.sim.codes.encoding_numba",
    *(
        f"fp8mac.sim.gemm.kernels.{name}"
        for name in ("adders_numba", "fixed_numba", "float_numba", "rounding_numba")
    ),
]


@cache
def closure(module: str) -> dict[str, Path]:
    return {name: path.resolve() for name, path in Sources().closure(module).items()}


CONTENTS = {file: file.read_bytes() for file in FILES}
resolved = cache(Path.resolve)


@pytest.mark.parametrize(
    "module", one_in(24, [[name] for name in (*RESULTS, *OF_TORCH, *KERNEL_MODULES)])
)
def test_a_byte_changes_the_keys_that_depend_on_it(module):
    """One byte more in each file of the closure, one after the other; then in all others."""
    inside, before = set(closure(module).values()), fingerprint(module)

    def after(changed):
        def read(path):
            file = resolved(path)
            return CONTENTS[file] + b"\n" * (file in changed)

        return Sources(read).fingerprint(module)

    assert len({before, *(after({file}) for file in inside)}) == len(inside) + 1 >= 3
    outside = set(FILES) - inside
    assert len(outside) > 100
    assert after(outside) == before


def test_every_kept_result_is_tested_here():
    """Modules that `key` is called with, wherever that is."""
    named = set()
    for path in FILES:
        if path.suffix != ".py":
            continue
        tree = ast.parse(path.read_bytes())
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("store.key"):
                name = "fp8mac." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
                for argument in call.args[1:]:
                    match argument:
                        case ast.Constant(value=str(module)):
                            named.add(module)
                        case ast.Name(id="__name__"):
                            named.add(name)
                        case ast.Starred(value=ast.Attribute(attr="kept_by")):
                            named.update(*(experiment.kept_by for experiment in EXPERIMENTS))
                        case ast.Name(id="_ENGINE") | ast.Attribute(ast.Name(id="mapped")):
                            named.add("fp8mac.proofs.netlists")
                        case ast.Name(id="_DECIDE"):
                            named.add("fp8mac.proofs.check.decide")
                        case ast.Attribute(ast.Name(id="train_way")):
                            named.add(OF_TORCH[0])
                        case _:
                            raise AssertionError(ast.unparse(call))
    assert named == {*RESULTS, *OF_TORCH}


WATCHED = """
import json, sys
read = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)) and arguments[1] in ("r", "rb"):
        read.append(arguments[0] if isinstance(arguments[0], str) else arguments[0].decode())
sys.addaudithook(watch)
"""
SAY = """
names = [name for name in sys.modules if name.partition(".")[0] == "fp8mac"]
others = {name.partition(".")[0] for name in sys.modules}
print(json.dumps([names, read, sorted(others)]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("module", RESULTS)
def test_what_is_imported_and_read_is_in_the_closure(module):
    """A child process makes such a result; nothing that it needed is missing in the key."""
    code = WATCHED + RESULTS[module] + SAY
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    names, read, tops = json.loads(done.stdout.splitlines()[-1])
    known = closure(module)
    assert module in names
    assert set(names) - {"fp8mac"} - set(known) == set()
    ours = {Path(path).resolve() for path in read if Path(path).is_file()} & set(FILES)
    assert {path for path in ours if path.suffix != ".py"} <= set(known.values())
    libraries = {"numpy", "numba", "llvmlite", "amaranth", "onnx", "bitwuzla", "z3", "PIL"}
    used = Sources().libraries(module)
    if module != "fp8mac.proofs.netlists":  # solvers are found by `find_spec`
        assert libraries & set(tops) <= {*used, "llvmlite"}
    for name in ("fp8mac.sim.cache", "fp8mac.synth_reports.render.tables", "fp8mac.cli.app"):
        assert name in known or name not in names


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A small project of its own; the function writes its files."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / "planted" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            (path.parent / "__init__.py").touch()
            path.write_text(text)
        (tmp_path / "planted" / "__init__.py").touch()
        return tmp_path / "planted"

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(provenance, "_PROJECT", "planted")
    monkeypatch.setattr(
        provenance, "_TEXTS", provenance.re.compile(r"""(["'])(planted(?:\.\w+)+)\1""")
    )
    provenance._spec.cache_clear()
    provenance._parse.cache_clear()
    yield write
    provenance._spec.cache_clear()
    provenance._parse.cache_clear()


EDGES = {
    "import": "import planted.other",
    "import under a name": "import planted.other as x, os",
    "from a package": "from planted import other",
    "from a module": "from planted.other import thing",
    "relative": "from . import other",
    "relative, of a module": "from .other import thing",
    "in a function": "def f():\n    if 1:\n        from planted.other import thing",
    "in a class": "class A:\n    import planted.other",
    "in try": "try:\n    import numpy\nexcept ImportError:\n    from planted import other",
    "in else": "try:\n    pass\nexcept OSError:\n    pass\nelse:\n    import planted.other",
    "in finally": "try:\n    pass\nfinally:\n    import planted.other",
    "in with": "with open('x') as f:\n    import planted.other",
    "in for, while": "for i in x:\n    while 1:\n        import planted.other",
    "in match": "match 1:\n    case 1:\n        import planted.other",
    "in parentheses": "from planted import (\n    something,\n    other,\n)",
    "by text": "from importlib import import_module\nx = import_module('planted.other')",
    "by a text elsewhere": "NAME = 'planted.other'\nimport_module(NAME)",
    "child process": "run(['python', '-m', \"planted.other\"])",
    "by another one": "import planted.between",
    "else of a type check": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n"
        "    import planted.other"
    ),
}


@pytest.mark.parametrize("edge", EDGES)
def test_every_way_to_import_is_seen(planted, edge):
    planted({"main.py": EDGES[edge], "other.py": "", "between.py": EDGES["import"], "more.py": ""})
    found = set(Sources().closure("planted.main"))
    assert found - {"planted.between"} == {"planted.main", "planted.other"}


NO_EDGES = {
    "types": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import planted.other",
    "types of a module": "import typing\nif typing.TYPE_CHECKING:\n    import planted.other",
    "a comment": "# import planted.other",
    "a sentence": '"""See planted.other, or `planted.other`."""',
    "another module": "import other",
}


@pytest.mark.parametrize("text", NO_EDGES)
def test_what_is_no_import(planted, text):
    planted({"main.py": NO_EDGES[text], "other.py": ""})
    assert set(Sources().closure("planted.main")) == {"planted.main"}


def test_packages_run_first_and_circles_end(planted):
    """But for the one above all others, the front door."""
    files = {"a/__init__.py": "import planted.b.c", "a/x.py": "import planted.a.y"}
    planted({**files, "a/y.py": "import planted.a.x", "b/c.py": "", "b/d.py": ""})
    assert sorted(Sources().closure("planted.a.x")) == [
        *("planted.a", "planted.a.x", "planted.a.y", "planted.b", "planted.b.c"),
    ]


DATA = {
    'Path(__file__).with_name("one.csv").read_text()': ["one.csv"],
    'Path(__file__).parent / "deep"': ["deep/two.csv", "deep/three.txt"],
    'files("planted.x") / "deep" / f"{name}.csv"': ["deep/two.csv"],
    'importlib.resources.files("planted.x") / name': [
        *("deep/three.txt", "deep/two.csv", "one.csv"),
    ],
    'Path(str(files("planted.x"))) / "deep" / "three.txt"': ["deep/three.txt"],
    'folder or Path(__file__).parent / "deep" / "three.txt"': ["deep/three.txt"],
    'store.load("deep", "one.csv")': [],
    'Path("deep")': [],
}


@pytest.mark.parametrize("expression", DATA)
def test_data_beside_the_code(planted, expression):
    planted({"x/main.py": f"y = {expression}", "x/one.csv": "1", "x/deep/two.csv": "2"})
    planted({"x/deep/three.txt": "3"})
    found = {name for name in Sources().closure("planted.x.main") if "/" in name}
    assert found == {f"planted.x/{name}" for name in DATA[expression]}


def test_versions_of_libraries_and_python(planted, monkeypatch):
    planted(
        {"main.py": "import planted.other", "other.py": "def f():\n    import numpy.linalg, os"}
    )
    assert Sources().libraries("planted.main") == {
        "numpy": pytest.importorskip("numpy").__version__
    }
    old = Sources(version_of=lambda top: f"1.0 of {top}")
    assert old.libraries("planted.main") == {"numpy": "1.0 of numpy"}
    now = Sources().fingerprint("planted.main")
    assert old.fingerprint("planted.main") != now
    monkeypatch.setattr(sys, "version_info", (3, 99, 0))
    assert Sources().fingerprint("planted.main") != now


def test_libraries_have_other_names_than_their_modules():
    assert provenance._version_of("z3").startswith("z3-solver ")
    assert provenance._version_of("PIL").startswith("pillow ")
    assert provenance._version_of("no_such_library") == "absent"


def test_a_key_does_not_depend_on_the_address(planted, tmp_path, monkeypatch):
    folder = planted({"main.py": "from planted import other", "other.py": "1"})
    first = Sources().fingerprint("planted.main")
    (tmp_path / "moved").mkdir()
    folder.rename(tmp_path / "moved" / "planted")
    monkeypatch.syspath_prepend(str(tmp_path / "moved"))
    provenance._spec.cache_clear()
    assert Sources().fingerprint("planted.main") == first


def test_no_such_module():
    with pytest.raises(ModuleNotFoundError, match=r"^There is no module fp8mac\.sim\.nonsense\.$"):
        fingerprint("fp8mac.sim.nonsense")


def test_keys_import_nothing():
    code = (
        "import sys; from fp8mac.sim.provenance import fingerprint\n"
        "fingerprint('fp8mac.gen.rtlil'), "
        "fingerprint('fp8mac.synth_reports.experiments.accuracy.accuracy')\n"
        "print(*(name for name in sys.modules if name.startswith('fp8mac.')))\n"
        "print({'amaranth', 'numpy', 'numba', 'onnx'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "fp8mac.sim fp8mac.sim.provenance\nset()\n"


def test_rendering_does_not_belong_to_results():
    """A change in what is shown makes no result anew."""
    places = (*ROOT.glob("cli/*.py"), *ROOT.glob("synth_reports/render/*.py"))
    for name in ("text", "pictures", "plot", "report"):
        places += tuple(ROOT.glob(f"synth_reports/experiments/*/{name}.py"))
    shown = {
        ".".join(("fp8mac", *path.relative_to(ROOT).with_suffix("").parts))
        for path in places
        if path.stem != "__init__"
    }
    assert len(shown) > 15
    for module in (*RESULTS, *OF_TORCH):
        assert not shown & set(closure(module)), module


def test_imports_by_text_name_their_module():
    """`import_module` of a computed name would be an edge that nobody sees, except to others."""
    checked = 0
    for path in FILES:
        if path.suffix == ".py":
            for call in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(call, ast.Call) and re.search(
                    r"(^|\.)import_module$", ast.unparse(call.func)
                ):
                    name = call.args[0]
                    start = name.values[0] if isinstance(name, ast.JoinedStr) else name
                    assert isinstance(start, ast.Constant), f"{path}: {ast.unparse(call)}"
                    package = str(start.value).partition(".")[0]
                    assert start is name or package == "amaranth_boards", ast.unparse(call)
                    checked += 1
    assert checked > 5
